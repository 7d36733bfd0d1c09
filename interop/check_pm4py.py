"""Asks pm4py to read our XES and OCEL and to find the states of the demonstration in them. Runs in .interop/venv."""

import sys
import warnings

warnings.simplefilter("ignore")
import pm4py

xes, ocel, cases, events, states = (
    sys.argv[1],
    sys.argv[2],
    int(sys.argv[3]),
    int(sys.argv[4]),
    set(sys.argv[5].split(",")),
)
log = pm4py.read_xes(xes)
objects = pm4py.read_ocel2_json(ocel)
model = pm4py.discover_dfg(log)
found = {
    "cases in XES": log["case:concept:name"].nunique() == cases,
    "states in XES": set(log["to_state"].dropna()) == states,
    "a path through certify in XES": any("certify" in pair for pair in model[0]),
    "every event in OCEL": len(objects.events) == events,
    "cases in OCEL": (objects.objects["ocel:type"] == "application").sum() == cases,
    "states in OCEL": set(objects.object_changes["state"].dropna()) | set(objects.objects.get("state", [])) >= states,
    "officers in OCEL": "officer" in pm4py.ocel_get_object_types(objects),
}
for what, right in found.items():
    if not right:
        print("pm4py does not find:", what)
print(f"{len(log)} events in XES, {len(objects.events)} in OCEL, {cases} cases, {len(states)} states")
sys.exit(not all(found.values()))
