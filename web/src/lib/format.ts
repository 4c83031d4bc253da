const BYTES_PER_MB = 1_000_000;

/** A span as "45 s", "2 min" or "2 min 30 s", to whole seconds; number and unit stay on one line. */
export function formatSpan(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  if (minutes === 0) return `${String(rest)}\u00a0s`;
  return rest === 0 ? `${String(minutes)}\u00a0min` : `${String(minutes)}\u00a0min ${String(rest)}\u00a0s`;
}

/** A span as a clock shows it, "1:05"; parts of a second are dropped. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A size as "4.2 MB", decimal as storage is sold and shown by phones. */
export function formatBytes(bytes: number): string {
  return bytes < BYTES_PER_MB / 10
    ? `${String(Math.max(1, Math.round(bytes / 1000)))} kB`
    : `${(bytes / BYTES_PER_MB).toFixed(1)} MB`;
}

/** "1 question", "2 questions". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** The zone that the reader's device is set to. */
export function viewerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** An instant as day and time in `timeZone` (the reader's by default), such as "Sat 21 Nov 2026, 09:30". */
export function formatInstant(at: number, timeZone = viewerZone()): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
  }).format(at);
}

/** An instant in its own zone, with that zone's name when it is not the reader's. */
export function formatZoned(at: number, timeZone: string): string {
  const text = formatInstant(at, timeZone);
  return timeZone === viewerZone() ? text : `${text} (${timeZone.replaceAll('_', ' ')})`;
}
