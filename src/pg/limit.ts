import type { Session } from './session.js';

/** What a promise gives, or null where that takes longer than `limitMs`. The promise itself goes on. */
export async function withLimit<Value>(promise: Promise<Value>, limitMs: number): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** The session that is being opened, or null where that takes longer; one that comes too late is closed again. */
export async function openedWithin(opening: Promise<Session>, limitMs: number): Promise<Session | null> {
  const session = await withLimit(opening, limitMs);
  if (session === null) opening.then((late) => late.end()).catch(() => {}); // nobody waits for it any more
  return session;
}
