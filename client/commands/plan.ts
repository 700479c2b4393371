import type { Command } from '@commander-js/extra-typings';
import type { Task } from '../../loop/metrics.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { PlanService } from '../plan-document.ts';

/** `deltaloop plan SPEC`, against what the vision service demands for the task. */
export function addPlanCommand(program: Command, context: CommandContext, service: (task: Task) => PlanService): void {
  program
    .command('plan')
    .description(
      'Show what the loop of a spec file would do: rounds, images, hours, money; starts nothing, needs no server. Exits with 7 when its pool or evaluation set has errors',
    )
    .argument('<spec>', 'YAML file; its keys are described in loop/spec.schema.json')
    .option('--json', 'print one JSON document')
    .action(async (spec, { json }) => {
      context.exitCode = await plan(context, { specPath: spec, json: json === true, service });
    });
}

interface PlanRequest {
  specPath: string;
  json: boolean;
  service: (task: Task) => PlanService;
}

async function plan({ output, settings }: CommandContext, { specPath, json, service }: PlanRequest): Promise<ExitCode> {
  const { planLoop } = await import('../plan-loop.ts');
  const planned = await planLoop({ home: settings.home, specPath, service });
  if (json) output.json(planned);
  else {
    const { planText } = await import('../render-plan.ts');
    output.data(planText(planned, output));
  }
  return planned.passed ? EXIT.ok : EXIT.checksFailed;
}
