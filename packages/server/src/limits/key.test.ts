import { expect, test } from 'vitest';
import { addressKey, userKey } from './key.ts';

test('a person and an address of the same name are counted apart', () => {
  expect(userKey('1.2.3.4')).not.toBe(addressKey('1.2.3.4'));
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::ffff:102:304', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['64:ff9b::1.2.3.4', '64:ff9b:0:0::/64'],
  ['not an address', 'not an address'],
])('requests from %s count against %s', (address, party) => {
  expect(addressKey(address)).toBe(`address:${party}`);
});

test('a customer with 2^64 addresses has one budget', () => {
  expect(addressKey('2001:db8:1:2:aaaa::1')).toBe(addressKey('2001:db8:1:2:bbbb::2'));
  expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
});
