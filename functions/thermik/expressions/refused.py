"""Functions that Kestra has and Thermik does not, each with the reason that its error tells."""

from __future__ import annotations

REFUSED = {
    "http": "a rendering is repeated at will and must not reach the network; use a task of type http.Request",
    "subflow": "a rendering is repeated at will and must not start executions; use a task of type flow.Subflow",
    "randomPort": "a port that is free where an expression is rendered may not be so where the task runs",
    "isPublicHoliday": "there is no calendar of holidays; keep one as a KV pair",
    "isLastWorkingDay": "there is no calendar of holidays; keep one as a KV pair",
    "parentOutput": "use `parent.outputs` or `parents`",
    "iterationOutput": "use `outputs` with `taskrun.iteration`",
    "credential": "credentials are of the Enterprise Edition; use `secret`",
    "appLink": "apps are of the Enterprise Edition",
}
