from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api.company import Company, found_company
from api.graphql_client import calling
from api.serving import Server, serving
from api.stage import Stage, set_stage


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests: each works in a tenant of its own."""
    with serving() as server:
        yield server


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(server.url) as http:
        yield http


@pytest.fixture
async def company(server: Server, http: httpx.AsyncClient) -> AsyncIterator[Company]:
    """An empty company; whatever a test did with it, the laws hold in the end."""
    company = await found_company(server, http)
    yield company
    await company.check_laws()


@pytest.fixture
async def rival(server: Server, http: httpx.AsyncClient) -> Company:
    """Another company on the same server."""
    return await found_company(server, http)


@pytest.fixture
async def stage(company: Company) -> Stage:
    return await set_stage(company)
