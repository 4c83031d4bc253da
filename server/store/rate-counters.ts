import mongoose from 'mongoose';
import { isDuplicateKey } from './connect.ts';
import { whileReachable } from './unavailable.ts';

interface CounterDocument {
  /** What is counted and the window's number: a new window starts a new document. */
  _id: string;
  count: number;
  removeAt: Date;
}

const counterSchema = new mongoose.Schema<CounterDocument>(
  {
    _id: { type: String, required: true },
    count: { type: Number, required: true },
    removeAt: { type: Date, required: true },
  },
  { collection: 'rate_counters', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
counterSchema.index({ removeAt: 1 }, { expireAfterSeconds: 0 });

/** Events of one key in each window of `windowMs`. */
interface RateWindow {
  /** Holds no address in the clear: pass a keyed hash. */
  key: string;
  windowMs: number;
}

/** At most `max` of them. */
interface RateLimit extends RateWindow {
  max: number;
}

export type RateCounters = ReturnType<typeof createRateCounters>;

/** Counts events in fixed windows in the database, so that a limit holds over restarts and over several servers. */
export function createRateCounters(connection: mongoose.Connection) {
  const model = connection.model<CounterDocument>('RateCounter', counterSchema);

  async function increment(limit: RateWindow, now: number): Promise<number> {
    const window = Math.floor(now / limit.windowMs);
    const removeAt = new Date((window + 2) * limit.windowMs);
    const upsert = () =>
      model
        .findOneAndUpdate(
          { _id: `${limit.key}:${window}` },
          { $inc: { count: 1 }, $setOnInsert: { removeAt } },
          { upsert: true, returnDocument: 'after' },
        )
        .lean();
    try {
      return (await upsert()).count;
    } catch (error) {
      // The first two events of a window at once: the other one has made the document.
      if (!isDuplicateKey(error)) throw error;
      return (await upsert()).count;
    }
  }

  return whileReachable({
    /** Counts one event. @returns how many there are in the window now, this one included */
    count: (window: RateWindow, now: number): Promise<number> => increment(window, now),

    /** Takes back one event that was counted at `now`. */
    async takeBack(window: RateWindow, now: number): Promise<void> {
      await model.updateOne(
        { _id: `${window.key}:${Math.floor(now / window.windowMs)}`, count: { $gt: 0 } },
        { $inc: { count: -1 } },
      );
    },

    /**
     * Counts one event against every limit. A refused event counts too.
     * @returns 0 when it is within all limits, else how long to wait in milliseconds
     */
    async hit(limits: readonly RateLimit[], now: number): Promise<number> {
      const waits = await Promise.all(
        limits.map(async (limit) => {
          const count = await increment(limit, now);
          return count <= limit.max ? 0 : limit.windowMs - (now % limit.windowMs);
        }),
      );
      return Math.max(0, ...waits);
    },
  });
}
