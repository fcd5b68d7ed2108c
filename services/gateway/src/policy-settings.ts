/** How far the gateway goes by what the authorization-worker has read of policies. */
export type PolicySettings = {
  /** How long ago the registry may have confirmed a policy whose answers count. */
  answerAgeMsMax: number;
  /** The same for its minimum level of authentication; after it the registry is asked itself. */
  levelAgeMsMax: number;
  /** How long a level that was found in the database is not looked up again. */
  levelFreshMs: number;
};
