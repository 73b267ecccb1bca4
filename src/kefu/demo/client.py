"""A small GraphQL client for the demo day: one question, one answer, errors spoken plainly."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

from kefu.demo.tenant import CLIENT_ID, SECRET_ID, TENANT

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EXPLAIN = """query($input: RouteExplainInput!) { routeExplain(input: $input) {
  outcome agent { userName } skillGroup { name } steps { rule outcome reason detail }
  candidates { nodes { agent { userName nickname } rank refusal } } } }"""


class DemoFailed(Exception):
    """The server did not do what the demo asked; the message says what to do."""


class DemoClient:
    def __init__(self, url: str, *, tenant: str = TENANT, bearer: str | None = None) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)
        try:
            self._http.headers["Authorization"] = f"Bearer {bearer or self._access_token(url, tenant)}"
        except BaseException:
            self._http.close()
            raise

    def _access_token(self, url: str, tenant: str) -> str:
        answer = self._post(
            f"/api/platform/tenants/{tenant}/accessToken", {"clientId": CLIENT_ID, "secretId": SECRET_ID}
        )
        if answer.get("status") != "OK":
            raise DemoFailed(f"{url} is not a demo server. Start one with: kefu serve --demo")
        token: str = answer["entity"]["accessToken"]
        return token

    def explain(self, visitor: str, ext: dict[str, Any]) -> Iterator[str]:
        """The dry run's decision, line by line."""
        decision = self.ask(_EXPLAIN, input={"visitorUserName": visitor, "ext": ext})["routeExplain"]
        to = (
            decision["agent"]["userName"]
            if decision["agent"]
            else (decision["skillGroup"] or {}).get("name", "the bot")
        )
        yield f"{decision['outcome']} → {to}"
        yield from describe(decision)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of one operation. Raises `DemoFailed` with the server's own words."""
        answer = self._post("/graphql", {"query": query, "variables": variables})
        if answer.get("errors"):
            raise DemoFailed("; ".join(error["message"] for error in answer["errors"]))
        data: dict[str, Any] = answer["data"]
        for payload in data.values():
            if isinstance(payload, dict) and payload.get("userErrors"):
                raise DemoFailed("; ".join(error["message"] for error in payload["userErrors"]))
        return data

    def close(self) -> None:
        self._http.close()

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._http.post(path, json=body)
        except httpx.TransportError as unreachable:
            raise DemoFailed(
                f"No server answers at {self._http.base_url}. Start one with: kefu serve --demo"
            ) from unreachable
        answer: dict[str, Any] = response.json()
        return answer


def describe(decision: dict[str, Any]) -> Iterator[str]:
    """A decision's steps and candidates, a line each."""
    for step in decision["steps"]:
        outcome = f" ⇒ {step['outcome']}" if step["outcome"] else ""
        detail = f" ({step['detail']})" if step["detail"] and not _is_id(step["detail"]) else ""
        yield f"{step['rule']}: {step['reason']}{detail}{outcome}"
    weighed = [
        f"{each['agent']['nickname'] or each['agent']['userName']} {each['refusal'] or 'chosen'}"
        for each in decision["candidates"]["nodes"]
    ]
    if weighed:
        yield f"weighed: {', '.join(weighed)}"


def _is_id(detail: str) -> bool:
    return _ID.search(detail) is not None
