"""What the containers behind a WebSocket API keep besides."""

from functools import cached_property
from secrets import token_hex

from strawberry.http.websocket_origin import normalize_allowed_origins

from kefu.api.schema import build_schema
from kefu.bootstrap import courier_of
from kefu.domain.instants import SECOND
from kefu.entrypoints.container import Container
from kefu.feed.journal import JournalWriter
from kefu.feed.webhooks import Courier
from kefu.gateway.api_gateway import ApiGatewaySockets
from kefu.gateway.gateway import Gateway, SocketLife
from kefu.gateway.sockets import Sockets
from kefu.settings import Environment, SettingWrong


class SocketContainer(Container):
    @cached_property
    def sockets(self) -> Sockets:
        """Raises `SettingWrong`."""
        endpoint = self.settings.websocket_endpoint
        if endpoint is None:
            raise SettingWrong("KEFU_WEBSOCKET_ENDPOINT must be set: the URL that POST /@connections/… goes to.")
        return ApiGatewaySockets(endpoint)

    @cached_property
    def gateway(self) -> Gateway:
        is_development = self.settings.environment is Environment.DEVELOPMENT
        return Gateway(
            desk=self.desk,
            schema=build_schema(with_introspection=is_development),
            secret=self.secret,
            sockets=self.sockets,
            allowed_origins=normalize_allowed_origins(["*"] if is_development else self.settings.allowed_origins),
            life=SocketLife.of(self.settings.websocket_lasts_s * SECOND),
        )

    @cached_property
    def courier(self) -> Courier | None:
        return courier_of(self.desk, self.settings) if self.settings.sends_webhooks else None

    @cached_property
    def journal(self) -> JournalWriter:
        """A name of its own for each process: it writes one after the other."""
        return JournalWriter(self.desk, token_hex(4))


CONTAINER = SocketContainer()
"""The process's own."""
