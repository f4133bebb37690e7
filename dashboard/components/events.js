// Reports what is done. Quick events overtake the script, and then only the last message arrives:
// each message repeats the ones before it, numbered. events.py has the other half.
const REPEATED = 40; // events

function begunEvents() {
  return { events: [], count: 0, sender: Math.random().toString(36).slice(2) };
}

function tell(teller, event) {
  teller.events = [...teller.events, { ...event, n: teller.count }].slice(-REPEATED);
  teller.count += 1;
  teller.send("events", { sender: teller.sender, events: teller.events });
}
