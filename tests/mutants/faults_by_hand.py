"""Faults made by hand: one line of the desk each, and the law that must notice."""

from dataclasses import dataclass

BOT_SEEDS = 1_000_000
"""From here on the simulation has a bot, and visitors rate."""
CHAIN_SEEDS = 2_000_000
"""From here on its groups overflow."""
HOURS_SEEDS = 4_000_000
"""And from here on the desk opens and closes."""
DEADLINE_SEEDS = 5_000_000
"""From here on silence ends sessions as well."""
RULE_SEEDS = 24_000_000
"""From here on bindings are made by rules as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    name: str
    module: str
    right: str
    wrong: str
    law: str
    first_seed: int = 0


MUTANTS = [
    Mutant(
        name="capacity is read outside the commit",
        module="kefu.desk.changeset",
        right="agents.write(self.tenant, agent, loaded.version, self.ranking)",
        wrong="agents.write(self.tenant, agent, __import__('kefu.store.port').store.port.Expect.ANY, self.ranking)",
        law="L2",
    ),
    Mutant(
        name="the load is a counter written apart",
        module="kefu.desk.changeset",
        right="for loaded, agent in changed),",
        wrong="for loaded, agent in changed if agent.status is not loaded.value.status),",
        law="L2",
    ),
    Mutant(
        name="room is one too many",
        module="kefu.domain.agent",
        right="return max(0, self.max_sessions - len(self.held))",
        wrong="return max(0, self.max_sessions + 1 - len(self.held))",
        law="L10",
    ),
    Mutant(
        name="a transfer keeps the old slot",
        module="kefu.desk.changeset",
        right="        if releasing:\n",
        wrong="        if releasing and not taking:\n",
        law="L2",
    ),
    Mutant(
        name="an arrival does not look after its commit",
        module="kefu.desk.ingest_message",
        right="        await look(desk, call.tenant, ingested.session)\n",
        wrong="        pass\n",
        law="L7",
    ),
    Mutant(
        name="an arrival looks before its commit",
        module="kefu.desk.ingest_message",
        right="    ingested, was_done = await attempt_once(",
        wrong="    look = __import__('asyncio').sleep\n    look = lambda *_: __import__('asyncio').sleep(0)\n"
        "    ingested, was_done = await attempt_once(",
        law="L7",
    ),
    Mutant(
        name="an arrival says that nobody need look",
        module="kefu.desk.ingest_message",
        right="may_wait=writer.session.state is SessionState.WAITING,",
        wrong="may_wait=False,",
        law="L7",
    ),
    Mutant(
        name="a close says that no room is left",
        module="kefu.desk.ending",
        right="has_room=not is_full)",
        wrong="has_room=False)",
        law="L7",
    ),
    Mutant(
        name="an agent who comes online does not fill his room",
        module="kefu.desk.set_agent_status",
        right="        more = await fill(desk, call.tenant, login, DispatchTrigger.AGENT_GAINED_ROOM)\n",
        wrong="        more = []\n",
        law="L7",
    ),
    Mutant(
        name="room that was gained is filled with one session at most",
        module="kefu.desk.serving",
        right="    while len(taken) < MAX_SESSIONS_MAX:\n",
        wrong="    while len(taken) < 0:\n",
        law="L7",
    ),
    Mutant(
        name="groups are not told of a new routing profile",
        module="kefu.desk.save_agent",
        right="for group, profiles in serving.items()]",
        wrong="for group, profiles in serving.items() if len(profiles) < 1]",
        law="L7",
    ),
    Mutant(
        name="overflow is forgotten when the agent goes offline",
        module="kefu.desk.set_agent_status",
        right="        await look_at_line(desk, call.tenant, agent_line(login), DispatchTrigger.AGENT_WENT_OFFLINE)\n",
        wrong="        pass\n",
        law="L7 gone",
    ),
    Mutant(
        name="the end of a binding is not looked at",
        module="kefu.desk.bindings",
        right="    await look_at_directed(desk, call.tenant, name)\n",
        wrong="",
        law="L7 gone",
    ),
    Mutant(
        name="an arrival that waits for an agent does not look whether he is still there",
        module="kefu.domain.overflow",
        right="    if is_offline:\n        return DispatchReason.BOUND_AGENT_OFFLINE\n",
        wrong="",
        law="L7 gone",
    ),
    Mutant(
        name="VIPs are ignored",
        module="kefu.domain.session",
        right="return Place(not self.is_vip, self.started_at, self.id)",
        wrong="return Place(True, self.started_at, self.id)",
        law="L7 order",
    ),
    Mutant(
        name="groups go before the directed line",
        module="kefu.domain.waiting_order",
        right="    in_group = session.line is not None and session.line.kind is LineKind.GROUP\n",
        wrong="    in_group = session.line is not None and session.line.kind is not LineKind.GROUP\n",
        law="L7 order",
    ),
    Mutant(
        name="the latest in line is served first",
        module="kefu.domain.waiting_order",
        right="return (not session.is_vip, in_group, session.started_at, session.id)",
        wrong="return (not session.is_vip, in_group, -session.started_at, session.id)",
        law="L7 order",
    ),
    Mutant(
        name="an arrival takes a free agent past those who wait",
        module="kefu.domain.dispatch",
        right="    if facts.group.someone_waits:\n",
        wrong="    if False:\n",
        law="L7 order",
    ),
    Mutant(
        name="an event is logged twice",
        module="kefu.domain.log_writer",
        right="        self.entries.append(entry)\n",
        wrong="        self.entries.append(entry)\n        self.entries += [entry] * (entry.kind == 'NO_AGENT_ONLINE')\n",
        law="L5",
    ),
    Mutant(
        name="a change is not logged",
        module="kefu.records.sessions",
        right="        entries=tuple(entries),\n        agents=",
        wrong="        entries=tuple(each for each in entries if each.kind != 'OVERFLOWED'),\n        agents=",
        law="L5",
    ),
    Mutant(
        name="an event goes without its change",
        module="kefu.desk.send_message",
        right="    changes.step(loaded, writer, stored)\n",
        wrong="    writes = __import__('kefu.records.sessions', fromlist=['writes']).writes\n    changes.add(*writes(call.tenant, loaded, loaded.value, writer.entries)[1:])\n",
        law="L5",
    ),
    Mutant(
        name="a session changes without an event",
        module="kefu.desk.send_message",
        right="    await changes.commit(desk)\n",
        wrong="    await changes.commit(desk)\n"
        "    from kefu.desk.attempts import commit\n"
        "    sessions = __import__('kefu.records.sessions', fromlist=['writes'])\n"
        "    [again] = await sessions.load(desk.store, call.tenant, [session.ref])\n"
        "    await commit(desk, sessions.writes(call.tenant, again, again.value, writer.entries)[:1])\n",
        law="L6",
    ),
    Mutant(
        name="a client message id is not looked up",
        module="kefu.desk.ingest_message",
        right="    if first := find_seen(latest, older, message_id, changes.now):",
        wrong="    if first := find_seen(latest, older, None, changes.now):",
        law="L4",
    ),
    Mutant(
        name="the mark of a message is kept before the work",
        module="kefu.desk.ingest_message",
        right="    opened = latest if latest and latest.value.session.is_open else None\n",
        wrong="    opened = latest if latest and latest.value.session.is_open else None\n"
        "    if opened and opened.value.session.agent and message_id:\n"
        "        from kefu.records import keys\n"
        "        from kefu.store.port import Put, Record\n"
        "        from kefu.desk.attempts import commit\n"
        "        from kefu.desk.seen_messages import _digest\n"
        "        ref = opened.value.session.ref\n"
        "        early = sessions.SeenMessage(_digest(message_id), 1, changes.now)\n"
        "        both = (*opened.value.messages_seen, early)\n"
        "        marked = sessions._sessions.encode(replace(opened.value, messages_seen=both))\n"
        "        await commit(desk, [Put(Record(key=keys.session(tenant, ref), value=marked), opened.version)])\n",
        law="L6",
    ),
    Mutant(
        name="opening a session does not expect that there is none",
        module="kefu.records.sessions",
        right="Put(record, version or Expect.ABSENT)",
        wrong="Put(record, version or Expect.ANY)",
        law="L3",
    ),
    Mutant(
        name="a session that waits is not taken for open",
        module="kefu.desk.ingest_message",
        right="    opened = latest if latest and latest.value.session.is_open else None\n",
        wrong="    opened = latest if latest and latest.value.session.state == 'ACTIVE' else None\n",
        law="L3",
    ),
    Mutant(
        name="the copy in the line forgets the client message ids",
        module="kefu.records.sessions",
        right="LineEntry(stored=after, version=version)",
        wrong="LineEntry(stored=StoredSession(session=after.session), version=version)",
        law="L1",
    ),
    Mutant(
        name="the copy in the line keeps the latest client message ids alone",
        module="kefu.records.sessions",
        right="LineEntry(stored=after, version=version)",
        wrong="LineEntry(stored=StoredSession(session=after.session, messages_seen=after.messages_seen[-2:]),"
        " version=version)",
        law="L1",
    ),
    Mutant(
        name="a line keeps who was closed while waiting",
        module="kefu.records.sessions",
        right="    if left and left != joined:\n",
        wrong="    if left and joined and left != joined:\n",
        law="L1",
    ),
    Mutant(
        name="the copy in the line is not renewed",
        module="kefu.records.sessions",
        right="    if joined:\n",
        wrong="    if joined and left != joined:\n",
        law="L1",
    ),
    Mutant(
        name="an agent serves another agent's line",
        module="kefu.desk.serving",
        right="[agent_line(agent.login), ",
        wrong="[agent_line(agent.login), agent_line('a'), ",
        law="L8",
    ),
    Mutant(
        name="a session ends without a cause",
        module="kefu.domain.log_writer",
        right="        self._write(LogEntry(seq=self._next, kind=cause, at=self.now, agent=agent))\n",
        wrong="",
        law="L9",
    ),
    Mutant(
        name="whoever has room is free, whatever his status",
        module="kefu.domain.agent",
        right="return self.room > 0 and self.status_at(now) is AgentStatus.ONLINE",
        wrong="return self.room > 0",
        law="L10",
    ),
    Mutant(
        name="why an agent could not be taken is not told",
        module="kefu.domain.ranking",
        right="        refusal=refusal_of(agent, now) or lower,\n",
        wrong="        refusal=lower,\n",
        law="L10",
    ),
    Mutant(
        name="a bot's answer commits without a look at the stage",
        module="kefu.desk.bot_stage",
        right="    if loaded is None or session is None or not _may_answer(session, spoken.seq):\n        return False\n",
        wrong="    if loaded is None or session is None:\n        return False\n"
        "    session = __import__('dataclasses').replace(session, state=SessionState.BOT)\n",
        law="bot",
        first_seed=BOT_SEEDS,
    ),
    Mutant(
        name="a bot's answer is taken after a later message was answered",
        module="kefu.desk.bot_stage",
        right="    return session.state is SessionState.BOT and session.answered_seq < seq\n",
        wrong="    return session.state is SessionState.BOT\n",
        law="bot",
        first_seed=BOT_SEEDS,
    ),
    Mutant(
        name="the bot is not asked once the message is committed",
        module="kefu.desk.ingest_message",
        right="        await answer_by_bot(desk, call.tenant, ingested.session)\n",
        wrong="        pass\n",
        law="L7 bot",
        first_seed=BOT_SEEDS,
    ),
    Mutant(
        name="the sweep forgets answers that were lost",
        module="kefu.desk.sweep",
        right="        if session.owed_answer is not None:\n",
        wrong="        if session is None:\n",
        law="L7 bot",
        first_seed=BOT_SEEDS,
    ),
    Mutant(
        name="a rating is taken before anybody has served",
        module="kefu.domain.rating",
        right="    if session.assigned_at is None:\n",
        wrong="    if False:\n",
        law="rating",
        first_seed=BOT_SEEDS,
    ),
    Mutant(
        name="a rating's record is not in the commit of its entry",
        module="kefu.desk.ratings",
        right="        changes.add(ratings.write(call.tenant, given))\n",
        wrong="",
        law="rating",
        first_seed=BOT_SEEDS,
    ),
    Mutant(
        name="overflow down a chain is forgotten when the last agent turns away",
        module="kefu.desk.set_agent_status",
        right="    await look_at_groups_left(desk, call.tenant, done.groups, DispatchTrigger.AGENT_WENT_OFFLINE)\n",
        wrong="",
        law="L7 chain",
        first_seed=CHAIN_SEEDS,
    ),
    Mutant(
        name="overflow by time is forgotten",
        module="kefu.domain.chains",
        right="    return is_head and group.overflow_after_ms is not None and since + group.overflow_after_ms <= now\n",
        wrong="    return False\n",
        law="overdue",
        first_seed=CHAIN_SEEDS,
    ),
    Mutant(
        name="whoever is handed on begins to wait anew",
        module="kefu.domain.session",
        right="        waiting_since=entry.at,\n",
        wrong="        waiting_since=entry.at,\n        started_at=entry.at if session.overflowed_from else session.started_at,\n",
        law="chain",
        first_seed=CHAIN_SEEDS,
    ),
    Mutant(
        name="hops are without end",
        module="kefu.domain.chains",
        right="    return len(session.overflowed_from) < OVERFLOW_HOPS_MAX and bool(",
        wrong="    return bool(",
        law="chain",
        first_seed=CHAIN_SEEDS,
    ),
    Mutant(
        name="a chain leads back to a group that was left",
        module="kefu.domain.chains",
        right="    entered, found = {group_id, *left}, list[SkillGroup]()\n",
        wrong="    entered, found = {group_id}, list[SkillGroup]()\n",
        law="chain",
        first_seed=CHAIN_SEEDS,
    ),
    Mutant(
        name="hours are ignored",
        module="kefu.domain.dispatch",
        right="    if is_open(hours, trail.now):\n",
        wrong="    if True:\n",
        law="hours",
        first_seed=HOURS_SEEDS,
    ),
    Mutant(
        name="a group's own hours are ignored",
        module="kefu.domain.directory",
        right="        return (group.working_hours if group else None) or self.settings.working_hours\n",
        wrong="        return self.settings.working_hours if group or not group else None\n",
        law="hours",
        first_seed=HOURS_SEEDS,
    ),
    Mutant(
        name="a left message is brought in again by whoever listed it",
        module="kefu.desk.left_messages",
        right="    if known is None or known.value.session is not None:\n",
        wrong="    if known is None:\n",
        law="L4",
        first_seed=HOURS_SEEDS,
    ),
    Mutant(
        name="a left message is ticked off before its session is committed",
        module="kefu.desk.left_messages",
        right="    changes.step(opened, writer, stored)\n",
        wrong="",
        law="left",
        first_seed=HOURS_SEEDS,
    ),
    Mutant(
        name="a deadline does not look at newer activity",
        module="kefu.domain.silence",
        right="= session.last_visitor_message_at or 0, session.last_agent_message_at or 0\n",
        wrong="= session.started_at, session.started_at\n",
        law="time-out",
        first_seed=DEADLINE_SEEDS,
    ),
    Mutant(
        name="whoever left a message is gone once he is silent",
        module="kefu.domain.silence",
        right="None if session.visitor_is_away else timeouts.pending_ms",
        wrong="timeouts.pending_ms",
        law="time-out",
        first_seed=DEADLINE_SEEDS,
    ),
    Mutant(
        name="an end forgets the slot",
        module="kefu.desk.ending",
        right="    changes.step(loaded, writer)\n",
        wrong="    stored = __import__('dataclasses').replace(loaded.value, session=writer.session)\n"
        "    write = __import__('kefu.records.sessions').records.sessions.writes\n"
        "    changes.add(*write(changes.tenant, loaded, stored, writer.entries))\n",
        law="L2",
        first_seed=DEADLINE_SEEDS,
    ),
    Mutant(
        name="a session opens without a deadline",
        module="kefu.desk.ingest_message",
        right="    if not opened and writer.session.is_open:\n",
        wrong="    if False:\n",
        law="L7 deadline",
        first_seed=DEADLINE_SEEDS,
    ),
    Mutant(
        name="a closed session is not counted",
        module="kefu.desk.automatic_binding",
        right="    known.tallies[pair] = (version, counted)\n",
        wrong="    known.tallies[pair] = (version, tally)\n",
        law="tally",
        first_seed=RULE_SEEDS,
    ),
    Mutant(
        name="a reception is noted whoever else noted one",
        module="kefu.records.binding_rules",
        right="value=_marks().encode(mark)), Expect.ABSENT)",
        wrong="value=_marks().encode(mark)), Expect.ANY)",
        law="rules",
        first_seed=RULE_SEEDS,
    ),
    Mutant(
        name="a rule's binding is not in the commit of its event",
        module="kefu.desk.changeset",
        right="        await commit(desk, [*self.writes(), *(ruled.writes if ruled else ())])\n",
        wrong="        if ruled:\n            await commit(desk, ruled.writes) if ruled.writes else None\n"
        "        await commit(desk, self.writes())\n",
        law="rules",
        first_seed=RULE_SEEDS,
    ),
    Mutant(
        name="nobody looks at who waits by a binding that a rule ended",
        module="kefu.desk.automatic_binding",
        right="            for name in self.ended:\n",
        wrong="            for name in ():\n",
        law="L7 gone",
        first_seed=RULE_SEEDS,
    ),
    Mutant(
        name="the tenant is left out of a key",
        module="kefu.records.keys",
        right='return f"{part(tenant)}#VISITOR#{part(visitor)}"',
        wrong='return f"VISITOR#{part(visitor)}"',
        law="L12",
    ),
]

SURVIVES_WITHOUT = {
    "L1": "the copy in the line keeps the latest client message ids alone",
    "L2": "capacity is read outside the commit",
    "L3": "a session that waits is not taken for open",
    "L4": "a client message id is not looked up",
    "L5": "an event is logged twice",
    "L6": "a session changes without an event",
    "L7": "an arrival does not look after its commit",
    "L7 gone": "overflow is forgotten when the agent goes offline",
    "L7 order": "VIPs are ignored",
    "L8": "an agent serves another agent's line",
    "L9": "a session ends without a cause",
    "L10": "whoever has room is free, whatever his status",
    "bot": "a bot's answer is taken after a later message was answered",
    "L7 bot": "the bot is not asked once the message is committed",
    "L7 chain": "overflow down a chain is forgotten when the last agent turns away",
    "overdue": "overflow by time is forgotten",
    "chain": "whoever is handed on begins to wait anew",
    "rating": "a rating's record is not in the commit of its entry",
    "hours": "hours are ignored",
    "left": "a left message is ticked off before its session is committed",
    "time-out": "a deadline does not look at newer activity",
    "L7 deadline": "a session opens without a deadline",
    "tally": "a closed session is not counted",
    "rules": "a reception is noted whoever else noted one",
    "L12": "the tenant is left out of a key",
}
"""For each law a fault that nothing else notices: with the law switched off it gets through."""
PRESUPPOSED_BY = {"L5": ("reports",), "L7": ("L7 chain",)}
"""What cannot be asked where a law is switched off: a report is read from sound logs, a chain goes on from who was looked at."""
