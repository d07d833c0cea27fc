"""What schemathesis is told about yueke: the envelope that every answer has, and ids that exist.

Ids that are made up name nothing, so of every three two are replaced by such as were seen in
answers: only then do requests come past the first lookup.
"""

import os
import random
import re

import requests
import schemathesis

SEEN = {}
SEEN_MAX = 50
ID = re.compile(r'"(\w*id)":"([0-9A-HJKMNP-TV-Z]{26})"')
# Which pool a field's ids are taken from; `id` is of the path's own kind.
POOLS = {
    "schedule_id": "schedules",
    "slotId": "schedules",
    "course_schedule_id": "schedules",
    "course_id": "courses",
    "courseId": "courses",
    "teacher_id": "teachers",
    "profile_id": "students",
    "student_id": "students",
    "booking_id": "bookings",
    "waitlist_id": "waitlist",
    "offer_id": "offers",
}
# Large ones take their time and find nothing more.
BOUNDED = {"count": 3, "students": 3}

# Done to the callers themselves, they would be of no more use.
PUT_OUT = ("/disable", "/roles")

COUNTS = {"requests": 0}


def kind_of(path):
    first = path.strip("/").split("/")[0]
    return {"slots": "schedules", "coach": "bookings"}.get(first, first)


def seen(pool, value):
    ids = SEEN.setdefault(pool, [])
    if value not in ids:
        if len(ids) >= SEEN_MAX:
            ids.pop(random.randrange(len(ids)))
        ids.append(value)


def replace(fields, path):
    for name in list(fields):
        pool = kind_of(path) if name == "id" else POOLS.get(name)
        ids = SEEN.get(pool)
        if name == "id" and path.endswith(PUT_OUT):
            continue
        if ids and random.random() < 2 / 3:
            fields[name] = random.choice(ids)


def gather(path, text):
    for name, value in ID.findall(text or ""):
        pool = kind_of(path) if name == "id" else POOLS.get(name)
        # Ended, the caller's own login would be of no more use.
        if pool and pool != "sessions":
            seen(pool, value)


# What there is before anybody asks; also what is none of the caller's.
for start in ["/slots", "/courses", "/teachers", "/students", "/bookings", "/messages", "/waitlist/my"]:
    admin = {"authorization": f"Bearer {os.environ['FUZZ_ADMIN']}"}
    gather(start, requests.get(os.environ["FUZZ_BASE"] + start, headers=admin, timeout=10).text)


def says_nothing(value):
    """Whether it stands in a query as `name=`, or not at all."""
    if isinstance(value, dict):
        value = list(value.values())
    return value in ("", None) or isinstance(value, list) and all(says_nothing(part) for part in value)


@schemathesis.hook
def filter_query(context, query):
    """An empty parameter is as good as none, whatever its type: no wrong one."""
    return not query or not any(says_nothing(value) for value in query.values())


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    if isinstance(case.path_parameters, dict):
        replace(case.path_parameters, path)
    if isinstance(case.query, dict):
        replace(case.query, path)
    if isinstance(case.body, dict):
        replace(case.body, path)
        for name, most in BOUNDED.items():
            if isinstance(case.body.get(name), int) and case.body[name] > most:
                case.body[name] = most
    # Now and then a key that was used before, for another request or for this one.
    if case.headers and "Idempotency-Key" in case.headers and random.random() < 2 / 3:
        case.headers["Idempotency-Key"] = f"key-{random.randrange(10**9)}"


@schemathesis.hook
def after_call(context, case, response):
    gather(case.operation.path, response.text)
    COUNTS["requests"] += 1
    COUNTS[response.status_code] = COUNTS.get(response.status_code, 0) + 1
    # Whoever waits looks here.
    with open(os.environ["FUZZ_COUNTS"], "w", encoding="utf-8") as out:
        out.writelines(f"{name} {count}\n" for name, count in COUNTS.items())


@schemathesis.check
def envelope(ctx, response, case):
    where = f"{case.method} {case.operation.path}"
    if case.method == "HEAD" or response.status_code == 101:
        return
    body = response.json()
    assert body["code"] == response.status_code, f"{where}: the envelope has another code: {response.text}"
    refused = {"reason", "error", "request_id"} if response.status_code >= 400 else set()
    assert set(body) == {"code", "message", "data"} | refused, f"{where}: {response.text}"
    assert body["message"] and (not refused or body["data"] is None), f"{where}: {response.text}"
    assert response.headers["x-request-id"], where
    assert len(response.text) < 4_000 or not refused, f"{where}: a refusal is short"
