import { Type, type Static } from 'typebox';

const SignIn = Type.Union(
  [
    Type.Object({ kind: Type.Literal('demo') }, { description: '`POST /demo/token` gives anybody a token.' }),
    Type.Object(
      {
        kind: Type.Literal('supabase'),
        url: Type.String({ description: "The project's address, without a slash at its end." }),
        anon_key: Type.String({ description: "The project's publishable key." }),
      },
      { description: 'People sign in with Supabase.' },
    ),
    Type.Object(
      { kind: Type.Literal('token') },
      { description: 'Tokens come from elsewhere: the page around the app hands one over.' },
    ),
  ],
  { description: 'How somebody gets a token.' },
);

export const WebConfig = Type.Object(
  {
    identity: SignIn,
    host_origins: Type.Array(Type.String(), {
      description: 'Origins of pages that may show the web app inside them and hand it a token; `*`: all.',
    }),
    max_file_size: Type.Integer({ minimum: 1, description: 'Bytes.' }),
    allowed_file_types: Type.Array(Type.String(), { description: 'Media types that can be uploaded.' }),
  },
  { $id: 'WebConfig', description: 'What a client needs to know before anybody has signed in.' },
);
export type WebConfig = Static<typeof WebConfig>;
