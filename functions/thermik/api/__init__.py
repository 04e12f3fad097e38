"""The REST API: Kestra's paths and shapes, a router a resource, over the same use cases on AWS and on a laptop."""
