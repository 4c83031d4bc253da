import type { InterviewEditor } from '#server/interviews/editor.ts';
import type { Recruiter } from '#server/accounts/people.ts';
import type { Handlers } from '../calls.ts';

type InterviewHandlers = Pick<
  Handlers,
  'listInterviews' | 'createInterview' | 'getInterview' | 'putInterview' | 'deleteInterview' | 'publishInterview'
>;

/** The interviews of the caller's organisation. */
export function createInterviewHandlers(options: { editor: InterviewEditor }): InterviewHandlers {
  const { editor } = options;
  return {
    listInterviews: ({ caller, query }) => editor.list(caller.organisation.id, query),
    createInterview: ({ caller, body }) => editor.create(caller.organisation.id, body),
    getInterview: ({ caller, params }) => editor.get(own(caller, params)),
    putInterview: ({ caller, params, body }) => editor.put(own(caller, params), body),
    publishInterview: ({ caller, params }) => editor.publish(own(caller, params)),
    async deleteInterview({ caller, params }) {
      await editor.remove(own(caller, params));
      return {};
    },
  };
}

function own(caller: Recruiter, params: { id: string }) {
  return { id: params.id, organisationId: caller.organisation.id };
}
