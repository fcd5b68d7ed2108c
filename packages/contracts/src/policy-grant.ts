/**
 * What is asked of the policy of a service resource, whoever asks and at whichever party. All dialogs that raise the same
 * question share the answer.
 */
export type PolicyQuestion = {
  /** URN of the service resource whose policy decides, in lower case. */
  serviceResource: string;
  action: string;
  /** As the dialog names it; `main` for the dialog itself. */
  attribute: string;
};

/** Somebody who is all of these meets a rule of a policy. */
export type Holder = {
  /** URNs in lower case of roles, access packages, persons and so on. None: everybody. */
  subjects: string[];
  /** False where the rule asks for more than who somebody is, so that only the decision point can tell. */
  certain: boolean;
};

/** What a policy answers to one question: who is permitted, and who is denied whatever permits them. */
export type PolicyGrant = { permits: Holder[]; denies: Holder[] };
