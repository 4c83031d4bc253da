import { createContext } from 'svelte';
import type { InterviewEditor } from './editor.svelte.ts';

/** The interview that the pages below `/recruiter/interviews/[id]` share. */
export const [getEditor, setEditor] = createContext<InterviewEditor>();
