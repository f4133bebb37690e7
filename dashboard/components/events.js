// Reports what is done, and takes over what is told. Quick events overtake the script, and then only
// the last message arrives: each message repeats the ones before it, numbered. Each says what had
// been told when it was done. events.py has the other half.
const REPEATED = 40; // events

function begunEvents() {
  return { events: [], count: 0, revision: null, sender: Math.random().toString(36).slice(2) };
}

function tell(teller, event) {
  teller.events = [...teller.events, { ...event, n: teller.count, revision: teller.revision }].slice(-REPEATED);
  teller.count += 1;
  teller.send("events", { sender: teller.sender, events: teller.events });
}

// Whether the server tells of what was not done here: it is to be taken over.
function isTold(teller, revision) {
  const told = teller.revision !== revision;
  teller.revision = revision;
  return told;
}
