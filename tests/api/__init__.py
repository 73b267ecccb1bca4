"""The API, through a real server, real HTTP and real WebSockets only."""
