import { Command, CommanderError } from '@commander-js/extra-typings';
import type { CommandContext } from '../client/context.ts';
import { EXIT, exitCodesHelp } from '../client/exit-codes.ts';
import type { Task } from '../loop/metrics.ts';
import packageFile from '../package.json' with { type: 'json' };

interface Entry {
  name: string;
  summary: string;
  /** Left out of `--help`: run by other commands and by deployments. */
  hidden?: true;
  /** Loads the command and adds it to the program. */
  add: (program: Command, context: CommandContext) => Promise<void>;
}

/** Every command; its code is loaded only when it is asked for, so that `--help` is quick. */
const COMMANDS: Entry[] = [
  {
    name: 'demo',
    summary: 'run a whole loop on real images, locally, in a few minutes',
    add: async (program) => (await import('../dev/demo-command.ts')).addDemoCommand(program),
  },
  {
    name: 'dev',
    summary: 'run a local Temporal server, vision service and worker, and stay up',
    add: async (program) => (await import('../dev/dev-command.ts')).addDevCommand(program),
  },
  {
    name: 'check',
    summary: 'check a dataset: every problem in one pass, no server needed',
    add: async (program, context) => {
      const { addCheckCommand } = await import('../client/commands/check.ts');
      const { evaluationQuotas, trainingQuotas } = await import('../activities/quotas.ts');
      const { EMBEDDED_CAPABILITIES: service } = await import('../vision/capabilities.ts');
      const { modelKindOf } = await import('../loop/model-kind.ts');
      const quotas = (task: Task) => ({
        training: trainingQuotas(service, modelKindOf({ task })),
        evaluation: evaluationQuotas(service, modelKindOf({ task })),
      });
      addCheckCommand(program, context, {
        classification: quotas('classification'),
        detection: quotas('detection'),
      });
    },
  },
  {
    name: 'plan',
    summary: 'show what the loop of a spec file would do, no server needed',
    add: async (program, context) => {
      const { addPlanCommand } = await import('../client/commands/plan.ts');
      const { EMBEDDED_CAPABILITIES, minimumHours, suggestedHours } = await import('../vision/capabilities.ts');
      const { modelKindOf } = await import('../loop/model-kind.ts');
      addPlanCommand(program, context, (task) => {
        const kind = modelKindOf({ task });
        return {
          minImagesPerClass: EMBEDDED_CAPABILITIES.quotas[kind].minTrainImagesPerClass,
          minimumHours: (images) => minimumHours(kind, { images }),
          suggestedHours: (images) => suggestedHours(kind, { images }),
        };
      });
    },
  },
  {
    name: 'start',
    summary: 'start the loop of a spec file, or attach to it',
    add: async (program, context) => {
      const { addStartCommand } = await import('../client/commands/start.ts');
      const { EMBEDDED_CAPABILITIES: service } = await import('../vision/capabilities.ts');
      const { modelKindOf } = await import('../loop/model-kind.ts');
      addStartCommand(program, context, (task) => service.quotas[modelKindOf({ task })].minTrainImagesPerClass);
    },
  },
  {
    name: 'list',
    summary: 'list all loops',
    add: async (program, context) => (await import('../client/commands/list.ts')).addListCommand(program, context),
  },
  {
    name: 'status',
    summary: 'show what a loop does, what is next, and who must act',
    add: async (program, context) => (await import('../client/commands/status.ts')).addStatusCommand(program, context),
  },
  {
    name: 'watch',
    summary: 'show a loop until it ends',
    add: async (program, context) => (await import('../client/commands/watch.ts')).addWatchCommand(program, context),
  },
  {
    name: 'rounds',
    summary: 'show the rounds of a loop as a table',
    add: async (program, context) => (await import('../client/commands/rounds.ts')).addRoundsCommand(program, context),
  },
  {
    name: 'explain',
    summary: 'show why a loop did what it did in a round',
    add: async (program, context) =>
      (await import('../client/commands/explain.ts')).addExplainCommand(program, context),
  },
  {
    name: 'submit',
    summary: 'hand in images to a loop that people collect for',
    add: async (program, context) => (await import('../client/commands/submit.ts')).addSubmitCommand(program, context),
  },
  {
    name: 'resolve',
    summary: 'answer a loop that needs attention: retry, skip or stop',
    add: async (program, context) =>
      (await import('../client/commands/resolve.ts')).addResolveCommand(program, context),
  },
  {
    name: 'adjust',
    summary: 'change the target, caps, δ, pool or service of a running loop',
    add: async (program, context) => (await import('../client/commands/adjust.ts')).addAdjustCommand(program, context),
  },
  {
    name: 'pause',
    summary: 'pause a loop before its next step',
    add: async (program, context) => (await import('../client/commands/pause.ts')).addPauseCommand(program, context),
  },
  {
    name: 'resume',
    summary: 'let a paused loop go on',
    add: async (program, context) => (await import('../client/commands/resume.ts')).addResumeCommand(program, context),
  },
  {
    name: 'stop',
    summary: 'end a loop after its running step, or now',
    add: async (program, context) => (await import('../client/commands/stop.ts')).addStopCommand(program, context),
  },
  {
    name: 'verify',
    summary: 're-hash all files of a loop and name what differs, no server needed',
    add: async (program, context) => (await import('../client/commands/verify.ts')).addVerifyCommand(program, context),
  },
  {
    name: 'export',
    summary: 'write the record of a loop to one ZIP file',
    add: async (program, context) =>
      (await import('../client/commands/export.ts')).addExportCommand(program, context, packageFile.version),
  },
  {
    name: 'import',
    summary: 'unpack an exported loop, to be read here',
    add: async (program, context) => (await import('../client/commands/import.ts')).addImportCommand(program, context),
  },
  {
    name: 'backtest',
    summary: 'show what each policy would have done, on past rounds or on learning curves',
    add: async (program, context) =>
      (await import('../client/commands/backtest.ts')).addBacktestCommand(program, context),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of a spec file',
    add: async (program, context) => (await import('../client/commands/schema.ts')).addSchemaCommand(program, context),
  },
  {
    name: 'decide',
    summary: 'answer requests for a decision, one JSON document a line',
    add: async (program, context) => (await import('../client/commands/decide.ts')).addDecideCommand(program, context),
  },
  {
    name: 'codec',
    summary: 'serve the decoder of encrypted payloads to the Temporal UI, on this machine',
    add: async (program, context) => (await import('../client/commands/codec.ts')).addCodecCommand(program, context),
  },
  {
    name: 'worker',
    summary: 'run a worker',
    hidden: true,
    add: async (program) => {
      program.command('worker').action(async () => (await import('../worker/main.ts')).runWorker());
    },
  },
  {
    name: 'vision-service',
    summary: 'run the vision service by itself: trains few-shot models over HTTP',
    add: async (program) => (await import('../vision-service/command.ts')).addVisionServiceCommand(program),
  },
];

const EXAMPLES = `
Begin:
  deltaloop demo                 a whole loop on your machine, no account
  deltaloop dev                  server, service and worker for your own loops
  deltaloop start loop.yaml --watch

Settings: TEMPORAL_ADDRESS and Temporal’s other TEMPORAL_* variables; DELTALOOP_HOME, DELTALOOP_TASK_QUEUE,
DELTALOOP_TEMPORAL_UI; NO_COLOR.
`;

/** The program with the asked-for command loaded and the others named only. */
async function createProgram(asked: string | undefined, context: CommandContext): Promise<Command> {
  const program = new Command('deltaloop')
    .description('Collects just enough images: collect, train, evaluate, compare, collect more, until it is enough.')
    .version(packageFile.version, '--version')
    .helpCommand(false)
    .showHelpAfterError('(see `deltaloop --help` and `deltaloop COMMAND --help`)')
    .addHelpText('after', EXAMPLES)
    .addHelpText('after', exitCodesHelp())
    .configureOutput({ writeOut: (text) => context.output.data(text), writeErr: (text) => context.output.say(text) })
    .exitOverride();
  for (const { name, summary, hidden, add } of COMMANDS) {
    if (name === asked) await add(program, context);
    else program.command(name, { hidden: hidden === true }).summary(summary);
  }
  return program;
}

/**
 * Runs one command line (without the program's own name); what is written goes through the context's output.
 * @returns the exit code; never throws.
 */
export async function runCommandLine(args: string[], context: CommandContext): Promise<number> {
  const asked = args.find((arg) => !arg.startsWith('-'));
  try {
    const program = await createProgram(asked, context);
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Commander has written its own message; its codes other than 0 are mistakes in what was typed.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { errorText, explainError } = await import('../client/explain-error.ts');
    const explained = explainError(error);
    const { redactor } = await import('../loop/redact.ts');
    // Foreign libraries quote what they were given.
    context.output.say(redactor(context.env)(errorText(explained, context.env['DELTALOOP_DEBUG'] === '1')));
    return explained.exitCode;
  } finally {
    await context.close();
  }
}
