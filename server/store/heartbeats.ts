import mongoose from 'mongoose';
import { whileReachable } from './unavailable.ts';

interface HeartbeatDocument {
  _id: string;
  at: number;
}

const heartbeatSchema = new mongoose.Schema<HeartbeatDocument>(
  { _id: { type: String, required: true }, at: { type: Number, required: true } },
  { collection: 'heartbeats', strict: 'throw', strictQuery: 'throw', versionKey: false },
);

/** One server runs on a database, so there is one record. */
const SERVER = 'server';

export interface Heartbeats {
  /** The server's last sign of life; null before the first. */
  last(): Promise<number | null>;
  /** Notes a sign of life at the instant `at`. */
  beat(at: number): Promise<void>;
}

/** The server's last sign of life, kept so that the next start knows how long it was away. */
export function createHeartbeats(connection: mongoose.Connection): Heartbeats {
  const model = connection.model<HeartbeatDocument>('Heartbeat', heartbeatSchema);
  return whileReachable({
    async last() {
      const found = await model.findById(SERVER).lean();
      return found?.at ?? null;
    },
    async beat(at) {
      await model.updateOne({ _id: SERVER }, { $set: { at } }, { upsert: true });
    },
  });
}
