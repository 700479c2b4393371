/** What people are told of one kind of failure. */
export interface FailureText {
  /** What happened, in one line without a full stop. */
  headline: string;
  /** Why it happens, and what the loop did about it by itself. */
  explanation: string;
  /** What a person does now; names the answer or the command between backticks. */
  remedy: string;
}

/**
 * Every kind of failure a person can meet, by its type name (public, never renamed). The one list behind activity errors, the
 * Temporal UI, the command line, the report and `docs/failures.md`, which `npm run failures-doc` writes from it.
 */
export const FAILURES = {
  ServiceUnavailable: {
    headline: 'The vision service does not answer',
    explanation:
      'It refused or lost the connection, took too long, or answered 408, 425, 429 or 5xx. The loop tries again by itself for as long as that lasts, as slowly as the service asks (`Retry-After`), and says so once 15 minutes have passed without an answer.',
    remedy:
      'Check that the service runs and can be reached; nothing has to be answered. `deltaloop stop LOOP --now` ends the loop without waiting for the service.',
  },
  ServiceUnauthorized: {
    headline: 'The vision service refuses the key',
    explanation:
      'That is what 401 and 403 mean: the key was changed, has expired, or belongs to another resource. A key lives only in the worker’s environment.',
    remedy:
      'Put the right key into the worker’s environment (DELTALOOP_VISION_KEY, or DELTALOOP_VISION_<PROFILE>_KEY for a profile) and restart the worker, then answer `retry`.',
  },
  ServiceRejected: {
    headline: 'The vision service refused a request',
    explanation:
      'It answered with a status that says the request itself is wrong, so that sending it again would change nothing.',
    remedy: 'Read the status and code in the message, mend what they name, then answer `retry`.',
  },
  ServiceContract: {
    headline: 'The vision service answered something that does not fit its contract',
    explanation:
      'The answer is no JSON, or lacks what the API promises: mostly something else answers at that address, such as a proxy’s page.',
    remedy: 'Check the address of the service in the worker’s settings, then answer `retry`.',
  },
  ServiceFault: {
    headline: 'The vision service fails by a fault of its own',
    explanation:
      'A training or an evaluation ended with a code that blames the service, or that nobody knows. The loop tried three times more, with pauses, under new names; a failed training is not billed.',
    remedy:
      'Look at the service’s own log or status page. Answer `retry` once it is well again, or `skip` to go on without this round’s metric.',
  },
  ServiceProfileUnknown: {
    headline: 'The worker knows no vision service of that name',
    explanation:
      'A spec or an answer names a service profile; addresses and keys of profiles live only in the worker’s environment.',
    remedy:
      'Add the profile to the worker’s environment and restart the worker, or name another one with `--set service=NAME`; then answer `retry`.',
  },
  NameTaken: {
    headline: 'A name of this loop is taken at the vision service by something else',
    explanation:
      'A model or an evaluation of that name exists with another dataset, kind or budget than this loop asked for, so it is not this loop’s own.',
    remedy: 'Look at what is stored under that name, delete it if it is not needed, then answer `retry`.',
  },
  DatasetNameTaken: {
    headline: 'The names for this dataset are taken at the vision service',
    explanation:
      'Datasets with other content stand under the name and under the further names that the loop tried by itself.',
    remedy: 'Look at the datasets that the message names, delete what is not needed, then answer `retry`.',
  },
  AnnotationsUnreachable: {
    headline: 'The vision service cannot reach the annotation file',
    explanation:
      'It refused to register the dataset because of the file’s address. The loop looked at the same address itself; the message says what it found.',
    remedy:
      'Start client, worker and service with the same DELTALOOP_HOME and let the service read it, then answer `retry`.',
  },
  DatasetCorrupt: {
    headline: 'The vision service cannot read the dataset',
    explanation:
      'It could not open the annotation file or some image, or found a defect in them. The loop checked the dataset and the access to its files itself; the message lists what it found.',
    remedy:
      'Mend what the message names, then answer `retry`: the dataset is registered again under a new name. `skip` goes on without this round’s metric.',
  },
  DatasetGone: {
    headline: 'The vision service does not know the dataset any more',
    explanation:
      'The loop registered it again, with the same content under the same name, and the service still did not find it.',
    remedy:
      'Find out what removes datasets at the service. Answer `retry` to register it again, or `skip` to go on without this round’s metric.',
  },
  ModelGone: {
    headline: 'A model that the service had accepted is gone',
    explanation:
      'The loop looked for it for five minutes. It never trains, hence pays, again by itself for a model that it lost.',
    remedy: 'Answer `retry` to train again from the same dataset, or `stop`.',
  },
  ModelKindMismatch: {
    headline: 'The kind of model does not fit the data',
    explanation:
      'The service was asked to measure a classifier on boxes or a detector on labels. The start of a loop rules that out, so something was changed at the service.',
    remedy:
      'Compare the spec’s task with what stands at the service under the names in the message, then answer `retry` or `stop`.',
  },
  TrainingBudgetTooSmall: {
    headline: 'The training needs more compute hours than it may have',
    explanation:
      'The service calls the hours too few, and the loop has raised them as far as the hours of one training and what is left in total allow.',
    remedy:
      'Allow more with `--set training.hours=N` or `--set caps.hours=N` and answer `retry`; `skip` goes on without this round’s metric.',
  },
  TrainingFailed: {
    headline: 'The training did not come to its end',
    explanation:
      'Somebody cancelled it at the service, or the service stopped it without a reason that the loop knows.',
    remedy: 'Mend what the message names, then answer `retry` to train again under a new model name.',
  },
  EvaluationFailed: {
    headline: 'The evaluation failed',
    explanation: 'The service says that it measured the model, but reports no metrics.',
    remedy: 'Mend what the message names, then answer `retry` to measure again under a new name.',
  },
  EvaluationSetChanged: {
    headline: 'The frozen evaluation set is not what it was',
    explanation:
      'Every round is measured with the same yardstick, so each byte of it is checked before every evaluation.',
    remedy: 'Put the changed or missing files of the evaluation folder back, then answer `retry`.',
  },
  DatasetChecksFailed: {
    headline: 'The dataset has errors',
    explanation: 'Every dataset is checked before anything is spent on it, and again when a training learns nothing.',
    remedy: 'Mend what the findings name, then answer `retry`.',
  },
  NotEnoughImages: {
    headline: 'A class has fewer images than the service needs',
    explanation:
      'A class was short of the service’s minimum when this round’s collecting reached its deadline, or another service was named that asks for more.',
    remedy:
      'While the round collects, hand in more images of that class with `deltaloop submit` and answer `retry`. After that, answer `skip`, and the next round collects them, or name a service that needs fewer.',
  },
  SourceUnreadable: {
    headline: 'The place where images come from cannot be read',
    explanation:
      'A folder or file of the pool or of the evaluation set is missing, unreadable, or changed while it was copied.',
    remedy: 'Make the folder or file readable for the worker, then answer `retry`.',
  },
  FolderConflict: {
    headline: 'A file of the loop’s folder does not hold what this step would write',
    explanation:
      'What a loop has written down never changes; a file that holds something else was edited, damaged or mixed up.',
    remedy: 'Put the file back from a copy, or move it away, then answer `retry`.',
  },
  DiskFull: {
    headline: 'No space is left for the loop’s folder',
    explanation:
      'The disk, or the quota on it, is full. Files are written whole or not at all, so nothing is half there.',
    remedy: 'Free some space on that disk, then answer `retry`.',
  },
  FolderMissing: {
    headline: 'The worker does not see the loop’s folder',
    explanation:
      'Client, worker and service share one folder under one path; this worker has another one, or it is not mounted.',
    remedy: 'Start client, worker and service with the same DELTALOOP_HOME, then answer `retry`.',
  },
  FolderUnusable: {
    headline: 'The loop’s folder cannot be read or written',
    explanation:
      'The system refuses a file of the loop’s folder (permissions, a read-only disk), or the disk itself fails. Nothing was half written.',
    remedy: 'Mend what the message names, then answer `retry`.',
  },
  Unexpected: {
    headline: 'Something unexpected went wrong',
    explanation: 'The loop does not know this error, which is most likely a defect of deltaloop.',
    remedy: 'Read the worker’s log for the whole error. Answer `retry` once the cause is mended, or `stop`.',
  },
} as const satisfies Record<string, FailureText>;

export type FailureType = keyof typeof FAILURES;

/** What a waiting loop waits for, as shown to people. */
export interface Attention {
  type: FailureType;
  headline: string;
  /** The cause in one or two sentences, without secrets. */
  message: string;
  /** Why such a thing happens; absent in records from before it was told. */
  explanation?: string;
  remedy: string;
  /** The step that could not go on, e.g. `train`. */
  step: string;
  round: number;
  /** Whether `skip` is an answer: the round goes on without a metric. */
  canSkip?: boolean;
  /** ISO-8601 UTC. */
  since: string;
}
