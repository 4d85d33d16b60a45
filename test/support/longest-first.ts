// Where nothing is known of earlier runs, as on a CI machine, vitest begins with the largest files. These are small, and wait
// for a runtime, an alarm or a compiler for up to two minutes: begun last, they would be waited for alone.

import { BaseSequencer, type TestSpecification } from "vitest/node";

const LONGEST = ["webhook-kills", "generated-clients", "sleep", "answer-kills"];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(`/e2e/${name}.test.ts`));
  return at < 0 ? LONGEST.length : at;
};

export class LongestFirst extends BaseSequencer {
  /** Projects stay in their order. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byProject = Map.groupBy(await super.sort(files), ({ project }) => project.name);
    return [...byProject.values()].flatMap((some) => some.sort((a, b) => rank(a) - rank(b)));
  }
}
