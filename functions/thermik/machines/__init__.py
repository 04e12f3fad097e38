"""From a flow to an AWS Step Functions state machine, and the port through which machines are run."""
