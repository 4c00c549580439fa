import type { UserStatusType } from '@parley/protocol';
import type { Bus, StatusStore } from './ports.ts';
import type { PresenceState } from './presence-state.ts';
import { unset } from './statuses.ts';

export interface StatusRecheckDeps {
  readonly bus: Pick<Bus, 'onUncertain'>;
  readonly statuses: Pick<StatusStore, 'readStatuses'>;
  readonly state: Pick<PresenceState, 'present'>;
  /** Tells what somebody is shown as. */
  readonly tell: (userId: string, status: UserStatusType, lastSeenAt: string | null) => Promise<void>;
  readonly log: { warn(facts: object, message: string): void };
}

/** People remembered at most; beyond that the longest known are forgotten. */
const maxPeople = 50_000;
/** Milliseconds after a loss, for what is still under way; and before another look if one fails. */
const pauseMs = 1000;
const batch = 500;

/**
 * What people here were told that others are shown as. Where events were lost a change of status may be among them, which
 * no version betrays: then those who are there are looked at once more.
 */
export class StatusRecheck {
  readonly #deps: StatusRecheckDeps;
  readonly #told = new Map<string, UserStatusType>();
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: StatusRecheckDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.bus.onUncertain(() => this.#soon());
  }

  note(userId: string, status: UserStatusType): void {
    this.#told.delete(userId);
    if (status === 'offline') return;
    this.#told.set(userId, status);
    if (this.#told.size <= maxPeople) return;
    for (const first of this.#told.keys()) return void this.#told.delete(first);
  }

  close(): void {
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#look().catch((err: unknown) => {
        this.#deps.log.warn({ err }, 'whether statuses are still as they were told could not be asked');
        this.#soon();
      });
    }, pauseMs).unref();
  }

  async #look(): Promise<void> {
    const people = [...this.#told.keys()];
    for (let start = 0; start < people.length; start += batch)
      await this.#lookAt(people.slice(start, start + batch));
  }

  /** Who is not there any more is found by the leases. */
  async #lookAt(userIds: readonly string[]): Promise<void> {
    const [present, stored] = await Promise.all([
      this.#deps.state.present(userIds),
      this.#deps.statuses.readStatuses(userIds),
    ]);
    for (const userId of userIds) {
      const { status, lastSeenAt } = stored.get(userId) ?? unset;
      const told = this.#told.get(userId);
      if (told === undefined || told === status || !present.has(userId)) continue;
      await this.#deps.tell(userId, status, status === 'offline' ? lastSeenAt : null);
    }
  }
}
