import type { Person } from './person.ts';

/** The page itself still loads, and nothing of Parley answers this window. Answers how to end that. */
export async function withoutApi({ page }: Person): Promise<() => Promise<void>> {
  const context = page.context();
  let isOn = true;
  await context.route('**/api/**', (route) => (isOn ? route.abort() : route.continue()));
  await context.routeWebSocket(/\/api\/ws/, (socket) => {
    if (isOn) void socket.close({ code: 1001 });
    else socket.connectToServer();
  });
  return async () => {
    isOn = false;
    await context.unroute('**/api/**');
  };
}
