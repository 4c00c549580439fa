import { Type } from 'typebox';
import { OneOf, UserId, text } from './common.ts';
import { appRoles, limits } from './limits.ts';
import { Profile } from './sync.ts';

export const DemoTokenBody = Type.Object({
  user_id: UserId,
  name: Type.Optional(text({ minLength: 1, maxLength: 200 })),
  role: Type.Optional(OneOf(appRoles)),
});
export const DemoTokenAnswer = Type.Object({ token: Type.String() });

export const DemoPeopleQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageMax, default: limits.pageDefault })),
  },
  { additionalProperties: false },
);
export const DemoPeople = Type.Object({ people: Type.Array(Profile) });
