/** What a candidate asks of their own session; the rules decide whether it is its time. */
export type Command =
  | { type: 'check_pass' }
  | { type: 'rehearsal_arm' }
  | { type: 'rehearsal_stop'; takeId: string }
  | { type: 'rehearsal_delete' }
  | { type: 'start' }
  | { type: 'open'; questionId: string }
  | { type: 'ready'; questionId: string }
  | { type: 'skip'; questionId: string }
  | { type: 'arm'; questionId: string }
  | { type: 'stop'; takeId: string }
  | { type: 'pick'; questionId: string; takeId: string }
  | { type: 'submit' };
