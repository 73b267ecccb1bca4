"""What the service's refusals mean in the words of the port."""

import re
from collections.abc import Callable, Sequence

from kefu.store.dynamodb_transport import Refused, Unanswered
from kefu.store.port import Conflict, Key, OutcomeUnknown, StoreError, Throttled, TokenReused, TooLarge

SERVER_ERROR = 500

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
    }
)
_REFUSED_KEY = "ConditionalCheckFailed"
_MEANINGS: Sequence[tuple[frozenset[str], Callable[[str], StoreError]]] = (
    # Another transaction was on these records; no expectation failed, so no keys are named.
    (frozenset({"TransactionConflict", "TransactionConflictException"}), lambda _: Conflict()),
    # An earlier try with this token is under way and may yet be applied. Only the same token learns how it ends.
    (frozenset({"TransactionInProgressException"}), OutcomeUnknown),
    (frozenset({"IdempotentParameterMismatchException"}), TokenReused),
    (_THROTTLED, Throttled),
    (frozenset({"ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException"}), TooLarge),
)
"""Of codes of a refusal and of reasons of a cancelled transaction, the first that is among them counts."""
_SIZE = re.compile(r"\bsize\b", re.IGNORECASE)


def read_failure(error: Refused | Unanswered) -> StoreError:
    """A service that is late or broken is `Throttled`: asking again is safe. One that is not there is not asked again."""
    match error:
        case Unanswered(was_reached=True):
            return Throttled(str(error))
        case Refused(code=code, status=status) if code in _THROTTLED or status >= SERVER_ERROR:
            return Throttled(str(error))
    return StoreError(str(error))


def single_write_failure(error: Refused | Unanswered, key: Key) -> StoreError:
    """Of a write outside any transaction. A repetition by botocore may have met what its first try wrote."""
    if isinstance(error, Refused) and error.code == f"{_REFUSED_KEY}Exception":
        return OutcomeUnknown(str(error)) if error.was_repeated else Conflict([key])
    return commit_failure(error, [key])


def commit_failure(error: Refused | Unanswered, keys: Sequence[Key]) -> StoreError:
    """`keys` in the order of the transaction's actions.

    Not even a refused connection, or a throttled repetition, says that nothing was written: botocore may have tried
    before, and that try may have arrived.
    """
    if isinstance(error, Unanswered) or error.status >= SERVER_ERROR:
        return OutcomeUnknown(str(error))
    if _REFUSED_KEY in error.reasons:
        return Conflict([key for key, reason in zip(keys, error.reasons, strict=True) if reason == _REFUSED_KEY])
    told = {error.code, *error.reasons}
    meanings = (meaning for codes, meaning in _MEANINGS if codes & told)
    failure = next(meanings, TooLarge if _SIZE.search(error.say) else StoreError)(str(error))
    return OutcomeUnknown(str(error)) if isinstance(failure, Throttled) and error.was_repeated else failure
