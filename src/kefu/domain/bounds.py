"""Every limit, named. A loop, page, text or queue that outside data can make long ends at one of these."""

from kefu.domain.instants import DAY, SECOND

TEXT_LENGTH_MAX = 16_384
"""Characters of one message."""
EXT_BYTES_MAX = 32_768
"""Bytes of one message's `ext` or `payload`, as compact JSON. A store record must hold both."""
EXT_DEPTH_MAX = 32
"""Objects and lists inside one another in an `ext` or `payload`."""
NAME_LENGTH_MAX = 128
"""Characters of a user name, a flag, a group's name or a client's own key."""
NICKNAME_LENGTH_MAX = 256
URL_LENGTH_MAX = 2_048
TENCENT_QUERY_LENGTH_MAX = 448
"""What a call-back in Tencent's dialect puts behind its webhook's URL is never longer."""
REQUEST_BYTES_MAX = 1_048_576
"""Bytes of one HTTP request body."""
TAGS_MAX = 32

MAX_SESSIONS_MAX = 100
"""Sessions one agent may hold at once: all of them are named in the agent's own record."""
GROUPS_PER_AGENT_MAX = 50
GROUPS_PER_TENANT_MAX = 2_000

CANDIDATES_MAX = 50
"""Agents weighed in one decision, per routing profile."""
CANDIDATES_TOLD_MAX = 20
"""Of those weighed, the ones that a decision names: so many fit into one kilobyte, packed."""
MEMBERS_SOUGHT_MAX = 20_000
"""Members of a group that are looked through for one who is ONLINE; where there are more, somebody is."""
EQUALS_UNDER_CONTENTION_MAX = 8
CONTENDED_FOR_MS = 1_000
"""How long after a lost claim a group counts as contended, for the next requests as well."""
AGENT_KNOWN_FOR_MS = 30_000
"""How long after an agent was last seen here he may be bound to without another look whether he is there."""
LAST_SEEN_MAX = 10_000
"""Sessions, agents, bindings, contended groups and paces of lines that a process remembers, of each so many."""
LINE_PAGE = 25
"""Waiting sessions read from one line at a time."""
LINE_COUNT_MAX = 1_000
"""Positions and queue lengths are exact up to here."""
QUEUE_TEXT_LENGTH_MAX = 200
"""Characters of what who waits, or is not taken, is told."""
HANDLED_READ_MAX = 200
"""Latest closed sessions of a tenant by which a wait is estimated, …"""
HANDLED_LEAST = 3
"""… if so many of them were of the line's agents."""
SLOTS_READ_MAX = 1_000
"""Agents of each routing profile whose slots are counted for it."""
PACE_KNOWN_FOR_MS = 30_000
"""How long what was read for it is told to whoever else waits in the line."""
OVERFLOW_HOPS_MAX = 8
"""Groups that a waiting session is handed on from, one after another; and groups that one group names to take over."""

SEEN_INLINE_MAX = 12
"""Client message ids kept in the session's own record; older ones move to records beside it."""
SEEN_MARKS_MAX = 1_000
"""Records of older client message ids read for one visitor and channel."""
SEEN_FOR = DAY + DAY // 24
"""How long a client message id is remembered: the promised 24 hours and one of grace."""

BOT_REPLIES_MAX = 4
"""Messages of one answer: with what a hand-over writes they fit into one commit."""
BOT_RECENT_MAX = 20
"""Messages of the talk so far that a bot is shown."""
BOT_REPLY_BYTES_MAX = 65_536
"""Bytes of a webhook bot's answer."""
BOT_TIMEOUT_MS_MAX = 10 * SECOND
"""The visitor's own request waits for the bot."""
MENU_ENTRIES_MAX = 20
FAQ_ENTRIES_MAX = 1_000
FAQ_PHRASINGS_MAX = 10
"""Similar questions, and keywords, of one entry."""
FAQ_QUESTION_LENGTH_MAX = 200
FAQ_ANSWER_LENGTH_MAX = 4_000
KEYWORDS_MAX = 50
"""Texts of a tenant that ask for a human."""
HOURS_PER_DAY_MAX = 12
"""Openings of one day."""
SPECIAL_DAYS_MAX = 400
"""Days of a tenant or group that differ from the week."""
OPENING_SOUGHT_DAYS = 400
"""How far ahead the next opening is looked for."""
OUTSIDE_TEXT_LENGTH_MAX = 1_000
RATINGS_READ_MAX = 20_000
"""Ratings that one report is made of."""
REPORT_SPAN_MAX = 32 * DAY
"""From the beginning to the end of one service report: a month, whatever the clocks do."""
REPORT_LOOKS_BACK = 7 * DAY
"""How long before a report's span a session may have begun that has ended since and still counts in it."""
REPORT_LISTED_MAX = 100_000
"""Sessions looked through for one service report."""
REPORT_LOGS_MAX = 10_000
"""Logs read for one service report."""
REPORT_LOG_LENGTH_MAX = 100_000
"""Entries of one of them."""
REPORT_ROWS_MAX = 5_000
INVALID_RATINGS_MAX = 20
"""Ratings that do not count and are kept all the same, per session."""

ENTRIES_PER_COMMIT_MAX = 8
"""Log entries of one session in one commit."""
BINDING_HISTORY_MAX = 20
BINDING_RULES_MAX = 50
"""Rules of automatic binding of one tenant."""
RULE_CONDITIONS_MAX = 10
EVENT_NUMBER_MAX = 1e308
"""In attributes of a business event: whatever reads JSON can hold as much."""
COUNTED_SESSIONS_MAX = 50
"""Closed sessions of one visitor with one agent that are remembered for rules, and the most a rule may ask for."""
SESSIONS_RECALLED_MAX = 100
"""Sessions of a visitor that are looked through when nothing was counted of him yet."""
IMPORT_PAGE = 200
"""Lines of an import that are done between two notes of how far it came."""
IMPORT_LINE_LENGTH_MAX = 16_384

PHONE_LENGTH_MAX = 32
COMMENT_LENGTH_MAX = 1_000
PHRASES_MAX = 1_000
PHRASE_LENGTH_MAX = 200
PHRASES_BYTES_MAX = 250_000
"""Bytes of a tenant's phrases as compact JSON: a record must hold them, packed or not."""

ENTRIES_TOLD_MAX = 50
"""Log entries of one answer to a polling client; the next poll brings the rest at once."""
SESSIONS_TOLD_PAGE = 10
SKIPPED_MAX = 20
"""Entries not for a polling client that are read again at his next look; more of them are noted as told."""
PAGES_TOLD_MAX = 20
"""Pages of sessions and logs read for a poll before it is noted how far it came."""
READS_TOLD_MAX = 50
"""Times a poll that found nothing yet reads on from there; the next one goes on."""

SEARCHED_MAX = 5_000
"""Sessions read for one page of a filtered list."""
SWEEP_PAGE = 100
TENANTS_SWEPT_MAX = 100_000
"""Tenants that one run of a sweep reads; the next run goes on behind them."""
SWEPT_MAX = 20_000
"""Agents, waiting sessions, those with a bot, and left messages, of one tenant that one sweep looks at."""
VISITOR_NOTED_EVERY_MS = 30 * SECOND
"""How often it is written down that a visitor is there."""
DEADLINES_PAGE = 100
DEADLINES_LOOKED_AT_MAX = 10_000
"""Deadlines, of all tenants, that one round looks at; the next one goes on."""
ATTEMPTS_MAX = 20
"""Times one use case reads, decides and commits before it answers BUSY."""
LOOKS_MAX = 200
"""Sessions one request moves on while it looks at the other side; what is left, the next event finds."""
JOURNAL_PAGE = 200
"""Entries of a tenant's journal read at once."""
REPLAYED_MAX = 50_000
"""Entries of a tenant's journal that one replay reads; the next one goes on from the last cursor."""
REPLAYED_AT_ONCE = 100
"""Of these, those that are put in order and told together."""
AGREEING_READS_MAX = 20
"""Readings of a journal's last seconds until two agree."""
JOURNAL_TRIES_MAX = 6
"""Times an entry of the journal is written before its handler gives up."""
PAGE_MAX = 100
"""Nodes of one page of a GraphQL connection."""
WEBHOOKS_PER_TENANT_MAX = 20
WEBHOOK_SECRET_LENGTH_MAX = 128
DEAD_LETTERS_REPLAYED_MAX = 25
"""Dead letters sent again by one call."""

OVERDUE_MAX = 10_000
"""Sockets that one tick attends to."""
SUBSCRIBERS_PER_TOPIC_MAX = 2_000
"""Subscriptions behind a gateway under one topic; one more is refused."""
SUBSCRIBERS_FOR_VISITOR_MAX = 100
"""The same for a visitor, who opens sockets as he likes."""
SUBSCRIBERS_READ_MAX = 2 * SUBSCRIBERS_PER_TOPIC_MAX
"""Those who subscribe at once do not see each other."""
BUMPS_MAX = 12
"""Times a replay is told that something was published, before it is given up."""
DELIVERIES_MAX = 5_000
"""Before more is taken up for sockets, something has to be done."""
POSTS_MAX = 32
"""Frames under way to a gateway at once."""
POST_TRIES_MAX = 4

IFRAMES_PER_TENANT_MAX = 20
INTERACTIONS_MAX = 50
"""Interactive flags of one CRM window."""
CUSTOM_PARAMETERS_MAX = 64
"""Of a visitor's app, in a window's address; those behind them stay out."""
