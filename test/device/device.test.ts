import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDeviceRow, mergeDeviceRows, type DeviceRow } from '../../src/device/device.js';

const latest = new Date('2026-06-01T12:05:00Z');
const seen = new Date('2026-05-01T00:00:00Z');

describe('a row of a device', () => {
  it.each<[string, Partial<DeviceRow>, string]>([
    ['an empty key', { key: '' }, 'key is missing'],
    ['a key of 201 characters', { key: 'x'.repeat(201) }, 'key must be 1..200 characters, got 201'],
    ['a key with U+0000', { key: 'a\u0000' }, 'key holds a character that cannot be stored'],
    ['an empty type', { type: '' }, 'type must be 1..100 characters, got 0'],
    [
      'a long osVersion',
      { osVersion: 'x'.repeat(101) },
      'osVersion must be 1..100 characters, got 101',
    ],
    ['half a surrogate pair', { osVersion: '\ud800' }, 'osVersion holds a character'],
    ['no instant', { firstSeenAt: new Date(NaN) }, 'firstSeenAt is not an instant'],
    ['an instant before 1970', { firstSeenAt: new Date(-1) }, 'firstSeenAt must be 1970 or later'],
    [
      'an instant in the future',
      { firstSeenAt: new Date(latest.getTime() + 1) },
      'firstSeenAt must not be after 2026-06-01T12:05:00.000Z, got 2026-06-01T12:05:00.001Z',
    ],
    ['users without an instant', { users: ['u1'] }, 'firstSeenAt is missing: it is when the users'],
    ['an empty user', { users: ['u1', ''], firstSeenAt: seen }, 'users.1 is missing'],
    [
      '101 users',
      { users: Array.from({ length: 101 }, () => 'u'), firstSeenAt: seen },
      'users must be at most 100, got 101',
    ],
  ])('is refused with %s, by name', (_, change, message) => {
    expect(checkDeviceRow({ key: 'd1', ...change }, latest)?.message).toContain(message);
  });

  it.each<[string, DeviceRow]>([
    ['a key alone', { key: 'd1' }],
    ['the last instant allowed', { key: 'd1', firstSeenAt: latest, users: ['u1'] }],
    ['no users and no instant', { key: '订单', users: [], type: null, osVersion: null }],
  ])('is taken with %s', (_, row) => {
    expect(checkDeviceRow(row, latest)).toBeNull();
  });
});

describe('rows of one device in a call', () => {
  it('are merged: the later one wins part by part, null included, the earliest instant stands', () => {
    const merged = mergeDeviceRows(
      { key: 'd1', type: 'mobile', osVersion: 'iOS 17', firstSeenAt: new Date(2_000) },
      { key: 'd1', type: null, firstSeenAt: new Date(1_000) },
    );
    expect(merged).toMatchObject({
      type: null,
      osVersion: 'iOS 17',
      firstSeenAt: new Date(1_000),
    });
  });

  it('first seen is the earliest of all, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { minLength: 1 }), (instants) => {
        const rows = instants.map((ms) => ({
          key: 'd',
          firstSeenAt: ms === null ? null : new Date(ms),
        }));
        const given = instants.filter((ms) => ms !== null);
        const merged = rows.reduce((a: DeviceRow, b) => mergeDeviceRows(a, b), { key: 'd' });
        expect(merged.firstSeenAt?.getTime() ?? null).toBe(
          given.length > 0 ? Math.min(...given) : null,
        );
      }),
    );
  });
});
