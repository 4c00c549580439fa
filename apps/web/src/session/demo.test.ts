import { describe, expect, test } from 'vitest';
import { idOf, peopleLike, personNamed, type DemoPerson } from './demo.ts';

const ann: DemoPerson = { user_id: 'ann', display_name: 'Ann Okafor' };

describe('who a name stands for', () => {
  test('nobody, while nothing is typed', () => {
    expect(personNamed('', [])).toBeNull();
    expect(personNamed('   ', [])).toBeNull();
  });

  test('somebody new gets an id from the name', () => {
    expect(personNamed('  Bob   Lindqvist ', [ann])).toEqual({
      user_id: 'bob-lindqvist',
      display_name: 'Bob Lindqvist',
    });
  });

  test('somebody who is there is who they are, however it is written', () => {
    expect(personNamed('ann okafor', [ann])).toBe(ann);
  });

  test('nobody becomes somebody else by a shorter name', () => {
    expect(personNamed('Ann', [ann])).toEqual({ user_id: 'ann-2', display_name: 'Ann' });
  });

  test('nobody becomes the system', () => {
    expect(personNamed('System', [])?.user_id).toBe('system-2');
  });
});

describe('ids', () => {
  test('keep letters of every script, and their marks', () => {
    expect(idOf('Dilan Yıldız')).toBe('dilan-yıldız');
    expect(idOf('فرح الحداد')).toBe('فرح-الحداد');
    expect(idOf('प्रिया')).toBe('प्रिया');
  });

  test('are there for names of pictures alone', () => {
    expect(idOf('🦊')).toBe('1f98a');
    expect(idOf('🦊')).not.toBe(idOf('🐻'));
  });
});

test('what is typed narrows down who is offered', () => {
  const bob: DemoPerson = { user_id: 'bob', display_name: 'Bob Lindqvist' };
  expect(peopleLike(' OKA', [ann, bob])).toEqual([ann]);
  expect(peopleLike('', [ann, bob])).toEqual([ann, bob]);
  expect(peopleLike('zoe', [ann, bob])).toEqual([]);
});
