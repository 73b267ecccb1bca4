"""Every dialect that events are told in."""

from kefu.domain.webhook import Dialect
from kefu.feed.outgoing import Dialects
from kefu.wire.easemob.event_push import event_push
from kefu.wire.standard.session_events import session_event as kefu_event
from kefu.wire.tencent.session_events import session_event as tencent_event

DIALECTS: Dialects = {Dialect.KEFU: kefu_event, Dialect.TENCENT: tencent_event, Dialect.EASEMOB: event_push}
