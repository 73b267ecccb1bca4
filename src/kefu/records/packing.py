"""Long records, packed: a decision with its candidates then costs what a short one does.

DynamoDB bills by the started kilobyte, twice in a transaction. The dictionary below holds the words that nearly
every such record has; what was packed with one can only be read with the same, so one that has shipped is never
edited: a better one is added under the next mark.
"""

import base64
import zlib
from collections.abc import Mapping

PACKED_OVER_BYTES = 800
_LEVEL = 6

_WORDS: Mapping[str, bytes] = {
    "~1": (
        b'"TRANSFERRED_TO_AGENT""TRANSFERRED_TO_GROUP""OVERFLOWED""AGENT_GAINED_ROOM""SKILL_GROUP_REMOVED"'
        b'"rule":"LINE","reason":"FIRST_IN_LINE""refusal":"OFFLINE""refusal":"AWAY""refusal":"HIDDEN"'
        b'"rule":"DESIGNATED","reason":"DESIGNATED_AGENT_FREE""rule":"BINDING","reason":"BOUND_AGENT_NOT_FREE"'
        b'"rule":"ROUTING_RULE","reason":"RULE_MATCHED","detail":""queue_name":"business_flag":"'
        b'"rule":"GROUP_QUEUE","reason":"NO_FREE_AGENT","outcome":"QUEUE","detail":""line":["GROUP","'
        b'{"ref":["","APP",1,"01a1"],"entries":[{"seq":1,"kind":"SESSION_BEGIN","at":179,"ref":["'
        b'"keys":{"queue_name":""}},{"seq":2,"kind":"USER_MESSAGE","at":179,"message":{"id":"01a1","sender":"VISITOR",'
        b'"type":"TEXT","text":"","ext":"{\\"weichat\\":{\\"queueName\\":\\"","client_message_id":"","sent_at":179}},'
        b'{"seq":3,"kind":"HUMAN_REQUESTED","at":179,"keys":{"queue_name":""}},{"seq":4,"kind":"ASSIGNED","at":179,'
        b'"agent":"","skill_group":"01a1","decision":{"outcome":"ASSIGN","agent":"","skill_group":"01a1",'
        b'"trigger":"MESSAGE","decided_at":179,"steps":[{"rule":"BOT","reason":"NO_BOT"},{"rule":"DESIGNATED",'
        b'"reason":"NO_AGENT_DESIGNATED"},{"rule":"QUEUE_NAME","reason":"QUEUE_NAME_MATCHED","detail":""},'
        b'{"rule":"PRECEDENCE","reason":"BINDING_FIRST"},{"rule":"BINDING","reason":"NO_BUSINESS_FLAG"},'
        b'{"rule":"GROUP_QUEUE","reason":"BEST_FREE_AGENT","outcome":"ASSIGN","detail":""}],"candidates":[{"agent":"'
        b'","status":"BUSY","active_sessions":0,"max_sessions":5,"idle_since":179,"refusal":"BUSY"},'
        b'","status":"ONLINE","active_sessions":5,"max_sessions":5,"idle_since":179,"refusal":"FULL"},{"agent":"'
        b'","status":"ONLINE","active_sessions":0,"max_sessions":5,"idle_since":179,"is_chosen":true,"rank":1},'
        b'{"agent":"","status":"ONLINE","active_sessions":0,"max_sessions":5,"idle_since":179,"rank":2,"refusal":"LOWER_RANK"},'
    )
}
_MARK = "~1"


def pack(text: bytes) -> str:
    """`text` as it is, or behind a mark and packed if it is long. JSON never begins with the mark."""
    if len(text) <= PACKED_OVER_BYTES:
        return text.decode()
    packer = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS, zdict=_WORDS[_MARK])
    return _MARK + base64.b64encode(packer.compress(text) + packer.flush()).decode()


def unpack(text: str) -> str | bytes:
    words = _WORDS.get(text[: len(_MARK)])
    if words is None:
        return text
    return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=words).decompress(base64.b64decode(text[len(_MARK) :]))
