import type { InterviewView } from '#protocol/interview.ts';
import { ApiError } from '../api-error.ts';
import type { Api } from '../api.ts';
import { serverFieldError, type FieldErrors } from '../forms.ts';
import { neededMs, newQuestion, suggestedMinutes, toDraft, toInput, totalTimeMs, type Draft } from './draft.ts';

/** What a save came to: stored, not sent because of its errors, or somebody else was faster. */
export type SaveResult = 'saved' | 'invalid' | 'conflict';

/** One interview being edited: the form, what the server has, and the way between them. */
export class InterviewEditor {
  draft: Draft = $state({} as Draft);
  /** The interview as the server last told; null before the first save. */
  view: InterviewView | null = $state.raw(null);
  /** A request is under way: the form stands still. */
  busy = $state(false);
  #saved: string = $state('');
  /** From the first refused save on, faults are shown, and go away as they are mended. */
  #attempted = $state(false);
  /** What was objected to beyond the form's own rules; holds as long as the form is exactly the same. */
  #objections: { print: string; errors: FieldErrors } = $state.raw({ print: '', errors: {} });
  readonly #api: Api;

  constructor(options: { api: Api; draft: Draft; view: InterviewView | null }) {
    this.#api = options.api;
    this.draft = options.draft;
    this.view = options.view;
    this.#saved = fingerprint(options.draft);
  }

  readonly #print: string = $derived.by(() => fingerprint(this.draft));
  /** What is wrong, by the field's dotted path in the request; empty until a save has been tried. */
  readonly errors: FieldErrors = $derived.by(() => {
    const objections = this.#objections.print === this.#print ? this.#objections.errors : {};
    const checked = this.#attempted ? toInput(this.draft, this.view) : null;
    return checked === null || checked.ok ? objections : { ...objections, ...checked.errors };
  });
  /** Something was changed and not saved. */
  readonly dirty: boolean = $derived.by(() => this.#print !== this.#saved);
  /** Somebody has started, so the questions stand. */
  readonly frozen: boolean = $derived.by(() => this.view?.frozen ?? false);
  readonly published: boolean = $derived.by(() => this.view?.state === 'published');
  /** The least time that the questions need, in milliseconds. */
  readonly neededMs: number = $derived.by(() => neededMs(this.draft));
  readonly suggestedMinutes: number = $derived.by(() => suggestedMinutes(this.draft));
  /** The total time is less than answering every question once takes. */
  readonly tooShort: boolean = $derived.by(() => totalTimeMs(this.draft) < this.neededMs);

  /** Adds an empty question at the end, with the limits of the last one. Resolves to its key. */
  addQuestion(): string {
    const question = newQuestion(this.draft.questions.at(-1));
    this.draft.questions.push(question);
    return question.key;
  }

  /** Puts a copy behind the question. Resolves to the copy's key. */
  duplicateQuestion(index: number): string {
    const source = this.draft.questions[index];
    const copy = { ...newQuestion(source), text: source?.text ?? '' };
    this.draft.questions.splice(index + 1, 0, copy);
    return copy.key;
  }

  /** Takes a question out; the function that comes back puts it in again. */
  removeQuestion(index: number): () => void {
    const removed = this.draft.questions.splice(index, 1);
    return () => this.draft.questions.splice(Math.min(index, this.draft.questions.length), 0, ...removed);
  }

  /** Moves a question by one place, up (-1) or down (+1), where there is one. */
  moveQuestion(index: number, by: -1 | 1): void {
    const [here, there] = [this.draft.questions[index], this.draft.questions[index + by]];
    if (!here || !there) return;
    this.draft.questions[index] = there;
    this.draft.questions[index + by] = here;
  }

  /** Stores the form. Faults of fields appear in `errors`; throws ApiError for everything else. */
  async save(): Promise<SaveResult> {
    const checked = toInput(this.draft, this.view);
    this.#attempted = !checked.ok;
    if (!checked.ok) return 'invalid';
    this.busy = true;
    try {
      this.#adopt(
        this.view === null
          ? await this.#api('createInterview', { body: checked.input })
          : await this.#api('putInterview', { params: { id: this.view.id }, body: checked.input }),
      );
      return 'saved';
    } catch (error) {
      if (error instanceof ApiError && error.code === 'version_conflict') return 'conflict';
      if (error instanceof ApiError && error.code === 'frozen') await this.#refreshView();
      const found = serverFieldError(error);
      if (found === null) throw error;
      this.object(found);
      return 'invalid';
    } finally {
      this.busy = false;
    }
  }

  /** Whether the form may be published as it is; what hinders it appears in `errors`. */
  checkPublishable(): boolean {
    const checked = toInput(this.draft, this.view);
    const errors = checked.ok ? {} : checked.errors;
    if (this.draft.questions.length === 0) errors['questions'] = 'An interview needs at least one question.';
    this.object(errors);
    return Object.keys(errors).length === 0;
  }

  /** Shows objections that are not the form's own, until something is changed. */
  object(errors: FieldErrors): void {
    this.#objections = { print: this.#print, errors };
  }

  /** Gives the stored draft its link; the form must have been saved. Throws ApiError. */
  async publish(): Promise<void> {
    if (this.view === null) return;
    this.view = await this.#api('publishInterview', { params: { id: this.view.id } });
  }

  /** Deletes the interview with everything that belongs to it. Throws ApiError. */
  async remove(): Promise<void> {
    if (this.view !== null) await this.#api('deleteInterview', { params: { id: this.view.id } });
    this.discard();
  }

  /** Gives the changes up without a trace, so that nothing asks for them when leaving. */
  discard(): void {
    this.#saved = fingerprint(this.draft);
  }

  /** After a conflict: takes what the other person saved, giving up the changes here. Throws ApiError. */
  async takeTheirs(): Promise<void> {
    if (this.view === null) return;
    this.#adopt(await this.#api('getInterview', { params: { id: this.view.id } }));
  }

  /** After a conflict: saves the form over what the other person saved. Throws ApiError. */
  async keepMine(): Promise<SaveResult> {
    await this.#refreshView();
    return this.save();
  }

  async #refreshView(): Promise<void> {
    if (this.view !== null) this.view = await this.#api('getInterview', { params: { id: this.view.id } });
  }

  /** Shows what the server has now. Cards keep their keys, so that the page does not jump. */
  #adopt(view: InterviewView): void {
    const keys = this.draft.questions.map((question) => question.key);
    const draft = toDraft(view);
    draft.questions.forEach((question, index) => (question.key = keys[index] ?? question.key));
    this.view = view;
    this.draft = draft;
    this.#attempted = false;
    this.#saved = fingerprint(draft);
  }
}

function fingerprint(draft: Draft): string {
  return JSON.stringify({ ...draft, questions: draft.questions.map((question) => ({ ...question, key: '' })) });
}
