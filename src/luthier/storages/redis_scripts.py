"""Layout of studies on a Redis server, and a script in Lua for each verb, which is a transaction.

Under the prefix ("luthier") there are, with ids and numbers as the only variable parts of keys:

    schema                number of this layout
    studies               hash: name -> id
    studies:last          the id given out last
    studies:ID            hash: name, spec and its checksum, created_s, the number of trials by
                          state, and spec_revision, to which the last change of the spec led
    studies:ID:rows       hash: number -> "state token lease_s retries digest.checksum body"
    studies:ID:reports:N  hash: step -> "value checksum", of trial N
    studies:ID:log        list: what each revision has changed; its length is the revision
    studies:ID:call:SHA1  the first trial that a call has added; expires after a day

An entry of the log has one line for the rows that changed: "", "number" or "first last", and then,
by number and step, one for each report: "number step value checksum". Numbers that are not whole
travel as text, since Lua's would be rounded.

Checksums are CRC-32, in hexadecimal digits. That of a trial covers all but what scripts change: its
lease and retries, and the number that it is given. What was written before there were any is read
without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

from ..trial.record import ReportValue, TrialRow
from .codec import decode_trial, encode_body, value_from_column, value_to_column

_sorted = msgspec.json.Encoder(order="sorted").encode


def params_digest(params: dict[str, Any]) -> str:
    """Return a digest that is the same for equal params, whatever their order."""
    return hashlib.blake2b(_sorted(params), digest_size=8).hexdigest()


def make_checksum(text: str) -> str:
    """Return the checksum of a text."""
    return f"{crc32(text.encode()):08x}"


def require_checksum(found: str, text: str, what: str) -> None:
    """Refuse a text that is not as it was written.

    Args:
        found: The checksum that is stored; "" for none.
        text: The text.
        what: It, in words.

    Raises:
        ValueError: The checksum is that of another text.
    """
    if found and found != make_checksum(text):
        raise ValueError(f"{what} is not as it was written")


def encode_row(row: TrialRow) -> str:
    """Return a trial as it is stored, without its number and reports."""
    return f"{int(row.state)} {row.token} {row.lease_s!r} {row.retries} {encode_content(row)}"


def encode_content(row: TrialRow) -> str:
    """Return what of a stored trial no script changes: the digest, the checksum and the body."""
    digest = params_digest(row.params)
    body = encode_body(row)
    return f"{digest}.{make_checksum(f'{int(row.state)} {row.token} {digest} {body}')} {body}"


def decode_row(
    number: int, stored: str, reports: Iterable[tuple[float, ReportValue]] = ()
) -> TrialRow:
    """Return a trial from the form that `encode_row` gave it, with its reports by step."""
    state, token, lease_s, retries, digest, body = stored.split(" ", 5)
    digest, _, checksum = digest.partition(".")
    require_checksum(checksum, f"{state} {token} {digest} {body}", f"trial {number}")
    record = (number, int(state), int(token), float(lease_s), int(retries), body)
    return decode_trial(record, tuple(sorted(reports)))


def encode_report(step: float, value: ReportValue) -> tuple[str, str]:
    """Return the step and value of a report as they are stored; the step -0.0 is 0.0."""
    at = repr(float(step) + 0.0)
    column = str(value_to_column(value))
    return at, f"{column} {make_checksum(f'{at} {column}')}"


def decode_report(number: int, step: str, stored: str) -> tuple[float, ReportValue]:
    """Return the step and value of a report from the form that `encode_report` gave them.

    Raises:
        ValueError: They are not as they were written.
    """
    column, _, checksum = stored.partition(" ")
    require_checksum(checksum, f"{step} {column}", f"a report of trial {number}")
    return float(step), value_from_column(column)


class Script:
    """A script in Lua.

    Attributes:
        text: The script.
        sha: The digest by which a server knows it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _about_study(text: str) -> Script:
    """Return a script about one study, which answers nil when there is none."""
    return Script(_STUDY + text)


_STUDY = """
local study = KEYS[1]
local rows, log = study .. ':rows', study .. ':log'
if redis.call('EXISTS', study) == 0 then return nil end

local function put(number, old, new)
  local was, is = string.sub(old, 1, 1), string.sub(new, 1, 1)
  if was ~= is then
    redis.call('HINCRBY', study, was, -1)
    redis.call('HINCRBY', study, is, 1)
  end
  redis.call('HSET', rows, number, new)
end
"""

# What an older luthier has written is read as it is; what is written from here on, it cannot read.
SCHEMA = Script("""
local found = redis.call('GET', KEYS[1])
local known = tonumber(found or 0)
if known and known < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return found or ARGV[1]
""")

CREATE = Script("""
local studies, name = KEYS[1], ARGV[1]
if redis.call('HEXISTS', studies, name) == 1 then return 0 end
local id = redis.call('INCR', studies .. ':last')
local key = studies .. ':' .. id
redis.call('HSET', key, 'name', name, 'spec', ARGV[2], 'created_s', ARGV[3], 'checksum', ARGV[4])
redis.call('HSET', studies, name, id)
return id
""")

STUDIES = Script("""
local studies, name, first, limit = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local wanted = {}
if name ~= '' then
  local id = redis.call('HGET', studies, name)
  if id then wanted[1] = {id, name} end
else
  local named = redis.call('HGETALL', studies)
  for i = 1, #named, 2 do
    if tonumber(named[i + 1]) >= first then wanted[#wanted + 1] = {named[i + 1], named[i]} end
  end
  table.sort(wanted, function(a, b) return tonumber(a[1]) < tonumber(b[1]) end)
end
local found = {}
for i, study in ipairs(wanted) do
  if limit > 0 and i > limit then break end
  local key = studies .. ':' .. study[1]
  local names = {'spec', 'created_s', 'checksum', '0', '1', '2', '3', '4', '5'}
  local fields = redis.call('HMGET', key, unpack(names))
  found[i] = {study[1], study[2], fields}
end
return found
""")

UPDATE = _about_study("""
local spec, expected, checksum = ARGV[1], ARGV[2], ARGV[3]
local replaced = tonumber(redis.call('HGET', study, 'spec_revision') or 0)
if expected ~= '' and replaced > tonumber(expected) then return 0 end
local revision = redis.call('RPUSH', log, '')
redis.call('HSET', study, 'spec', spec, 'checksum', checksum, 'spec_revision', revision)
return 1
""")

DELETE = _about_study("""
local studies, name = ARGV[1], redis.call('HGET', study, 'name')
for number = 0, redis.call('HLEN', rows) - 1 do
  redis.call('UNLINK', study .. ':reports:' .. number)
end
redis.call('UNLINK', study, rows, log)
redis.call('HDEL', studies, name)
return 1
""")

ADD = _about_study("""
local expected, call, call_s = ARGV[1], ARGV[2], ARGV[3]
local first, revision = redis.call('HLEN', rows), redis.call('LLEN', log)
local key = study .. ':call:' .. redis.sha1hex(call)
local before = call ~= '' and redis.call('GET', key)
if before then return {tonumber(before), revision} end
if expected ~= '' and tonumber(expected) ~= first then return {-1, revision} end
local number, i, counts, lines = first, 4, {}, {''}
while i <= #ARGV do
  local row, n_reports = ARGV[i], tonumber(ARGV[i + 1])
  local state = string.sub(row, 1, 1)
  counts[state] = (counts[state] or 0) + 1
  redis.call('HSET', rows, number, row)
  for j = i + 2, i + 2 * n_reports, 2 do
    redis.call('HSET', study .. ':reports:' .. number, ARGV[j], ARGV[j + 1])
    lines[#lines + 1] = number .. ' ' .. ARGV[j] .. ' ' .. ARGV[j + 1]
  end
  number, i = number + 1, i + 2 + 2 * n_reports
end
for state, n in pairs(counts) do redis.call('HINCRBY', study, state, n) end
if number > first then
  lines[1] = first .. ' ' .. number - 1
  if call ~= '' then redis.call('SET', key, first, 'EX', call_s) end
end
return {first, redis.call('RPUSH', log, table.concat(lines, '\\n'))}
""")

READ = _about_study("""
local found = {}
for i, number in ipairs(ARGV) do
  local row = redis.call('HGET', rows, number)
  if not row then return nil end
  found[i] = {row, redis.call('HGETALL', study .. ':reports:' .. number)}
end
return cmsgpack.pack({redis.call('LLEN', log), found})
""")

SWAP = _about_study("""
local number, old, new, listed, step, value = unpack(ARGV)
if redis.call('HGET', rows, number) ~= old then return 0 end
put(number, old, new)
local entry = listed == '1' and number or ''
if step then
  redis.call('HSET', study .. ':reports:' .. number, step, value)
  entry = entry .. '\\n' .. number .. ' ' .. step .. ' ' .. value
end
return redis.call('RPUSH', log, entry)
""")

EXTEND = _about_study("""
for i = 2, #ARGV, 2 do
  local head = '1 ' .. ARGV[i + 1] .. ' '
  local row = redis.call('HGET', rows, ARGV[i])
  local rest = row and string.match(row, '^' .. head .. '%S+( .*)$')
  if rest then redis.call('HSET', rows, ARGV[i], head .. ARGV[1] .. rest) end
end
return 1
""")

REPORT = _about_study("""
local number, token, until_s, digest, step, value = unpack(ARGV)
local row = redis.call('HGET', rows, number)
local head = '1 ' .. token .. ' '
local rest, found = string.match(row or '', '^' .. head .. '%S+( %d+ (%x+)%S* .*)$')
if not rest or (digest ~= '' and digest ~= found) then return 0 end
redis.call('HSET', rows, number, head .. until_s .. rest)
redis.call('HSET', study .. ':reports:' .. number, step, value)
return redis.call('RPUSH', log, '\\n' .. number .. ' ' .. step .. ' ' .. value)
""")

FINISH = _about_study("""
local number, token, state, rest = unpack(ARGV)
local row = redis.call('HGET', rows, number) or ''
local retries = string.match(row, '^1 ' .. token .. ' %S+ (%d+) ')
if not retries or string.find(row, '"turns":', 1, true) then return 0 end
if state == '2' then retries = '0' end
put(number, row, state .. ' ' .. token .. ' 0.0 ' .. retries .. ' ' .. rest)
return redis.call('RPUSH', log, number)
""")

CHANGES = _about_study("""
local at, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local entries, numbers, seen, size = {}, {}, {}, 0
repeat
  local some = redis.call('LRANGE', log, at, at + 19)
  at = at + 20
  for _, entry in ipairs(some) do
    entries[#entries + 1] = entry
    size = size + #entry
    local first, last = string.match(entry, '^(%d+) ?(%d*)')
    for number = tonumber(first or 1), tonumber(last ~= '' and last or first or 0) do
      if not seen[number] then
        seen[number] = true
        numbers[#numbers + 1] = number
        size = size + redis.call('HSTRLEN', rows, number)
      end
    end
  end
until #some < 20 or #entries + #numbers + size / 100 > limit
local found = {}
for i = 1, #numbers, 1000 do
  local some = redis.call('HMGET', rows, unpack(numbers, i, math.min(i + 999, #numbers)))
  for _, row in ipairs(some) do
    found[#found + 1] = row
  end
end
local replaced = tonumber(redis.call('HGET', study, 'spec_revision') or 0) > tonumber(ARGV[1])
local spec = replaced and redis.call('HGET', study, 'spec')
local checksum = replaced and redis.call('HGET', study, 'checksum')
return cmsgpack.pack({redis.call('LLEN', log), entries, numbers, found, spec, checksum})
""")
