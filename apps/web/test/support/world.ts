/** A small world to look at: people who know each other, and what they talk about on some days. */
import pg from 'pg';
import sharp from 'sharp';
import { Caller } from './api.ts';

export interface World {
  /** Ids by the title of the conversation, or by the name of whom Ann talks to. */
  readonly conversations: ReadonlyMap<string, string>;
}

const people = {
  ann: 'Ann Okafor',
  bob: 'Bob Lindqvist',
  cara: 'Cara Mendes',
  dilan: 'Dilan Yıldız',
  eve: 'Eve Tanaka',
  farah: 'فرح الحداد',
  gus: 'Gus',
} as const;
type Name = keyof typeof people;

type Line = readonly [
  who: Name,
  text: string,
  options?: { readonly replyTo?: string; readonly image?: boolean; readonly minutes?: number },
];

const lunch: readonly Line[] = [
  ['cara', 'Who is in for lunch today? I booked nothing yet.', { minutes: 1510 }],
  ['bob', 'Me! But not the ramen place again, please', { minutes: 3 }],
  ['ann', 'Pizza or soup?', { minutes: 2 }],
  ['bob', 'Pizza. Always pizza.', { replyTo: 'Pizza or soup?', minutes: 1 }],
  ['dilan', 'Soup for me, I had pizza *three* times this week 🙈', { minutes: 4 }],
  [
    'cara',
    'Found a place that has both:\n\n- **Forno** on Mill Street, 12:30\n- outside, if the rain stops\n- https://forno.example/menu',
    { minutes: 1260 },
  ],
  ['cara', 'The view from there, yesterday evening', { image: true, minutes: 1 }],
  ['ann', 'Beautiful! 12:30 it is', { minutes: 6 }],
  ['ann', 'I will be five minutes late, order me the number 4', { minutes: 41 }],
  ['bob', 'On it', { minutes: 1 }],
  ['dilan', 'See you all there', { minutes: 12 }],
];

const release: readonly Line[] = [
  ['eve', 'The retry works now. For the record:', { minutes: 190 }],
  [
    'eve',
    '```ts\nawait parley.connect();\nconst lunch = parley.conversation(id);\nlunch.send("Pizza or soup?"); // shows at once, never doubled\n```',
    { minutes: 1 },
  ],
  ['ann', 'That is all of it? I expected fifty lines', { minutes: 3 }],
  ['gus', 'Same. Shipping it with `0.2.0`', { minutes: 2 }],
  ['eve', 'One more review and it goes out', { minutes: 25 }],
];

const withBob: readonly Line[] = [
  ['bob', 'Did you see the notes from Monday?', { minutes: 2900 }],
  ['ann', 'Yes, thank you! I left two comments', { minutes: 12 }],
  ['bob', 'Perfect', { minutes: 2 }],
];

const withFarah: readonly Line[] = [
  ['farah', 'صباح الخير! هل نلتقي غدًا؟', { minutes: 320 }],
  ['ann', 'Yes! Ten o’clock?', { minutes: 8 }],
  ['farah', 'ممتاز، إلى الغد', { minutes: 3 }],
];

const painters: readonly Line[] = [
  ['cara', 'Mine ran down to the bottom of the sheet. A lake now', { minutes: 96 }],
  ['eve', 'A good lake! Tilt the board less, and wait until the shine is gone', { minutes: 4 }],
  ['ann', 'How much water do you take for the first layer?', { minutes: 31 }],
  [
    'eve',
    'More than feels right:\n\n1. wet the paper twice\n2. **then** the yellow\n3. blue last, from the top',
    { replyTo: 'How much water do you take for the first layer?', minutes: 3 },
  ],
  ['ann', 'That is it, thank you! I will post mine tonight', { minutes: 2 }],
];

/** Whoever does something. */
type As = (who: Name) => Caller;

/** Fills an empty server in demo mode. */
export async function fillWorld(url: string, databaseUrl: string): Promise<World> {
  const callers = new Map<Name, Caller>();
  const as: As = (who) => {
    const caller = callers.get(who) ?? new Caller(url, who, people[who]);
    callers.set(who, caller);
    return caller;
  };
  // Somebody is known once they have called.
  for (const who of Object.keys(people) as Name[]) await as(who).call('GET', '/conversations');
  const conversations = new Map<string, string>();
  const begin = async (
    title: string | null,
    members: readonly Name[],
    lines: readonly Line[],
    /** Minutes since the last of the lines. */
    ago: number,
  ): Promise<void> => {
    const { id } = await as('ann').call('POST', '/conversations', {
      type: title === null ? 'direct' : 'group',
      participant_ids: members,
      ...(title !== null && { title }),
    });
    conversations.set(title ?? people[members[0] ?? 'ann'], id);
    await talk(as, databaseUrl, id, lines, ago);
  };
  await begin(null, ['farah'], withFarah, 4300);
  await begin(null, ['bob'], withBob, 1700);
  await begin(
    'Reading circle',
    ['cara', 'eve', 'farah'],
    [['eve', 'Chapter seven by Thursday, everybody!']],
    1500,
  );
  await begin('Tuesday painters', ['cara', 'eve'], painters, 47);
  await begin('Release 0.2', ['eve', 'gus'], release, 25);
  await begin('Lunch', ['bob', 'cara', 'dilan'], lunch, 2);
  return { conversations };
}

/** Sends the lines, then moves them into the past: their minutes are those since the line before. */
async function talk(
  as: As,
  databaseUrl: string,
  id: string,
  lines: readonly Line[],
  ago: number,
): Promise<void> {
  const sent = new Map<string, string>();
  const ids: string[] = [];
  for (const [who, text, { replyTo, image } = {}] of lines) {
    const message =
      image === true
        ? await as(who).call('POST', `/conversations/${id}/upload`, await picture(text))
        : await as(who).call('POST', `/conversations/${id}/messages`, {
            content: text,
            ...(replyTo !== undefined && { reply_to_id: sent.get(replyTo) }),
          });
    sent.set(text, message.id);
    ids.push(message.id);
  }
  const gaps = lines.map(([, , options]) => options?.minutes ?? 1);
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    for (const [index, message] of ids.entries()) {
      const minutes = gaps.slice(index + 1).reduce((sum, gap) => sum + gap, ago);
      await client.query(
        `update parley.messages set created_at = created_at - make_interval(mins => $2), updated_at = updated_at - make_interval(mins => $2) where id = $1`,
        [message, minutes],
      );
    }
    await client.query(
      `update parley.conversations set last_message_at = last_message_at - make_interval(mins => $2) where id = $1`,
      [id, ago],
    );
  } finally {
    await client.end();
  }
}

/** Hills in the evening, drawn. */
async function picture(caption: string): Promise<FormData> {
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800" viewBox="0 0 1200 800">
    <defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#27406b"/><stop offset=".55" stop-color="#d98a6a"/><stop offset="1" stop-color="#f6cf8f"/></linearGradient></defs>
    <rect width="1200" height="800" fill="url(#sky)"/><circle cx="820" cy="455" r="62" fill="#ffe9b8"/>
    <path d="M0 520 Q180 400 380 500 T760 480 T1200 440 V800 H0Z" fill="#5b5a7a"/><path d="M0 600 Q240 480 520 590 T1200 560 V800 H0Z" fill="#3c4a60"/>
    <path d="M0 690 Q320 590 640 680 T1200 660 V800 H0Z" fill="#22313c"/></svg>`;
  const bytes = await sharp(Buffer.from(drawing)).jpeg({ quality: 86 }).toBuffer();
  const form = new FormData();
  form.append('content', caption);
  form.append('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'evening.jpg');
  return form;
}
