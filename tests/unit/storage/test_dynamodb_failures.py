"""What DynamoDB answers besides success, and what an answer that never came means."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from contract.adapters import Meddle, Meddled
from thermik.storage import aws
from thermik.storage.dynamodb import DynamoTable
from thermik.storage.dynamodb_schema import table_definition, time_to_live
from thermik.storage.errors import Conflict, TableUnavailable
from thermik.storage.table import Check, Delete, Index, Key, Put, Record

A = Key("p", "a")
B = Key("p", "b")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(aws, "_sessions", [])
    with mock_aws():
        made = aws.create_client("dynamodb")
        made.create_table(TableName="thermik", **table_definition())
        made.update_time_to_live(TableName="thermik", TimeToLiveSpecification=time_to_live())
        yield made


def meddled(client: Any, meddle: Meddle) -> tuple[DynamoTable, list[float]]:
    """A table on a meddled client, and the pauses that it took."""
    pauses: list[float] = []
    return DynamoTable("thermik", client=Meddled(client, meddle), pause=pauses.append), pauses


def repeated(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
    """As botocore does when the first answer got lost: ask again, and give the second answer."""
    if operation in {"put_item", "transact_write_items", "delete_item"}:
        call(**arguments)
    return call(**arguments)


def test_a_repeated_put_recognises_its_own_write(client: Any) -> None:
    table, _ = meddled(client, repeated)
    table.write(Put(Record(A, {"n": 1})))
    table.write(Put(Record(A, {"n": 2}, 1)))
    (record,) = table.get([A])
    assert record is not None
    assert (record.body, record.version) == ({"n": 2}, 2)


def test_an_equal_write_of_somebody_else_is_a_conflict_all_the_same(client: Any) -> None:
    def overtaken(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        if operation == "put_item":
            DynamoTable("thermik", client=client).write(Put(Record(A, {"n": 1})))
        return call(**arguments)

    table, _ = meddled(client, overtaken)
    with pytest.raises(Conflict):
        table.write(Put(Record(A, {"n": 1})))


def test_every_transaction_carries_a_token_by_which_a_repeated_one_is_known(client: Any) -> None:
    tokens: list[str] = []

    def watched(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        tokens.append(arguments["ClientRequestToken"])
        return call(**arguments)

    table, _ = meddled(client, watched)
    table.write(Put(Record(A, {})), Put(Record(B, {})))
    table.write(Delete(A, 1))
    assert len(set(tokens)) == 2
    assert all(1 <= len(token) <= 36 for token in tokens)


def cancelled(client: Any, *codes: str) -> Exception:
    response = {
        "Error": {"Code": "TransactionCanceledException", "Message": f"cancelled, reasons {list(codes)}"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    error: Exception = client.exceptions.TransactionCanceledException(response, "TransactWriteItems")
    return error


def failing(times: int, error: Exception) -> Meddle:
    """Fail so many times, then work."""
    left = iter(range(times))

    def meddle(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        if next(left, None) is not None:
            raise error
        return call(**arguments)

    return meddle


@pytest.mark.parametrize("codes", [("TransactionConflict", "None"), ("None", "ThrottlingError")])
def test_a_transaction_that_met_another_is_tried_again(client: Any, codes: tuple[str, ...]) -> None:
    table, pauses = meddled(client, failing(3, cancelled(client, *codes)))
    table.write(Put(Record(A, {})), Put(Record(B, {})))
    assert len(pauses) == 3
    assert all(0 <= pause <= 1 for pause in pauses)
    assert all(table.get([A, B]))


@pytest.mark.parametrize(
    ("codes", "expected", "text"),
    [
        (("TransactionConflict", "None"), Conflict, "p / a, p / b"),
        (("None", "ThrottlingError"), TableUnavailable, "raise the limits"),
        (("None", "ConditionalCheckFailed"), Conflict, "first: p / b$"),
        (("ConditionalCheckFailed", "TransactionConflict"), Conflict, "first: p / a$"),
        (("ItemCollectionSizeLimitExceeded", "None"), TableUnavailable, "ItemCollectionSizeLimitExceeded"),
        ((), TableUnavailable, "cancelled"),
    ],
)
def test_a_transaction_that_never_passes(
    client: Any, codes: tuple[str, ...], expected: type[Exception], text: str
) -> None:
    table, _ = meddled(client, failing(1000, cancelled(client, *codes)))
    with pytest.raises(expected, match=text):
        table.write(Put(Record(A, {})), Put(Record(B, {})))


def test_a_put_that_meets_a_transaction_is_tried_again(client: Any) -> None:
    error = client.exceptions.TransactionConflictException(
        {"Error": {"Code": "TransactionConflictException"}}, "PutItem"
    )
    table, pauses = meddled(client, failing(2, error))
    table.write(Put(Record(A, {})))
    assert len(pauses) == 2
    table, _ = meddled(client, failing(1000, error))
    with pytest.raises(Conflict):
        table.write(Put(Record(A, {}, 1)))


def test_keys_that_were_not_answered_are_asked_for_again(client: Any) -> None:
    def stingy(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        if operation != "batch_get_item":
            return call(**arguments)
        wanted = arguments["RequestItems"]["thermik"]
        answer = call(RequestItems={"thermik": {**wanted, "Keys": wanted["Keys"][:2]}})
        rest = wanted["Keys"][2:]
        return {**answer, "UnprocessedKeys": {"thermik": {**wanted, "Keys": rest}} if rest else {}}

    keys = [Key("p", str(number)) for number in range(7)]
    table, pauses = meddled(client, stingy)
    table.write(*(Put(Record(key, {})) for key in keys))
    assert all(table.get(keys))
    assert len(pauses) == 3


def test_keys_that_are_never_answered(client: Any) -> None:
    def refusing(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    table, _ = meddled(client, refusing)
    with pytest.raises(TableUnavailable, match="2 keys were never answered"):
        table.get([A, B])


def test_an_index_that_lags_shows_nothing_that_is_not_so(client: Any) -> None:
    DynamoTable("thermik", client=client).write(
        Put(Record(A, {}, 0, {Index.FIRST: Key("x", "new")})), Put(Record(B, {}, 0, {Index.FIRST: Key("x", "same")}))
    )

    def lagging(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        if operation != "query":
            return call(**arguments)
        known = [("p", "a", "old"), ("p", "b", "same"), ("p", "gone", "gone")]
        return {
            "Items": [{"pk": {"S": pk}, "sk": {"S": sk}, "g1p": {"S": "x"}, "g1s": {"S": s}} for pk, sk, s in known]
        }

    table, _ = meddled(client, lagging)
    assert [record.key for record in table.query("x", index=Index.FIRST).records] == [B]


def test_the_number_of_calls(client: Any) -> None:
    """The budget of DESIGN section 6 counts calls; each port's method makes these."""
    calls: list[str] = []

    def counted(operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        calls.append(operation)
        return call(**arguments)

    table, _ = meddled(client, counted)
    table.write(Put(Record(A, {}, 0, {Index.FIRST: A, Index.LOCAL: A})))
    table.write(Put(Record(A, {}, 1)), Check(B, 0))
    table.write(Delete(B))
    table.write(Check(A, 2))
    table.get([A, A])
    table.get([A, B])
    table.query("p")
    table.query("p", index=Index.FIRST)
    writes = ["put_item", "transact_write_items", "delete_item"]
    assert calls == [*writes, "get_item", "get_item", "batch_get_item", "query", "query"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ProvisionedThroughputExceededException", "AWS refuses more requests for now"),
        ("AccessDeniedException", "check the policy of the role"),
        ("UnrecognizedClientException", "credentials"),
        ("InternalServerError", "out of order"),
        ("SomethingNew", "AWS refuses to work"),
    ],
)
def test_a_refusal_says_what_to_do(client: Any, code: str, text: str) -> None:
    error = client.exceptions.ClientError({"Error": {"Code": code, "Message": "detail"}}, "Query")
    table, _ = meddled(client, failing(1000, error))
    calls: list[Callable[[], Any]] = [
        lambda: table.get([A]),
        lambda: table.get([A, B]),
        lambda: table.query("p"),
        lambda: table.write(Put(Record(A, {}))),
        lambda: table.write(Delete(A)),
        lambda: table.write(Put(Record(A, {})), Check(B, 0)),
    ]
    for call in calls:
        with pytest.raises(TableUnavailable, match=f"the DynamoDB table thermik: .*{text}.*detail"):
            call()


def test_an_answer_that_never_comes(client: Any) -> None:
    table, _ = meddled(client, failing(1, ReadTimeoutError(endpoint_url="https://dynamodb")))
    with pytest.raises(TableUnavailable, match="does not answer in time"):
        table.write(Put(Record(A, {})))


def test_a_table_that_does_not_exist(client: Any) -> None:
    with pytest.raises(TableUnavailable, match="the DynamoDB table other: it does not exist"):
        DynamoTable("other", client=client).get([A])


def test_a_service_that_cannot_be_reached() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    table = DynamoTable("thermik", client=aws.create_client("dynamodb", endpoint_url=url, max_attempts=1))
    for call in (lambda: table.get([A]), lambda: table.write(Put(Record(A, {}))), lambda: table.query("p")):
        with pytest.raises(TableUnavailable, match="it cannot be reached: check the network"):
            call()
