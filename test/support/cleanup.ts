import { afterAll } from 'vitest';

/**
 * Keeps what a test file opens and closes it after its last test, the newest first, also where the set-up failed halfway.
 * Call it at the top of the file.
 */
export function closeAfterAll(): <T extends { close(): Promise<void> }>(opening: Promise<T>) => Promise<T> {
  const opened: { close(): Promise<void> }[] = [];
  afterAll(async () => {
    for (const one of opened.reverse()) await one.close();
  });
  return async (opening) => {
    const one = await opening;
    opened.push(one);
    return one;
  };
}
