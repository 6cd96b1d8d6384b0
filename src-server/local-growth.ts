/** What members of this machine's ensemble need to come and to go: a folder with files to start from, and a place for what they leave. */
import { err, ok, type Result } from './base/result.ts';
import type { Role } from './config/ensemble-config.ts';
import type { Settings } from './config/settings.ts';
import type { EnsembleFolder } from './ensemble-folder.ts';
import { freeClientPorts, LOCAL_HOST } from './local-ports.ts';
import type { MemberStart } from './thread-messages.ts';

export interface Joiner {
  readonly id: number;
  readonly start: MemberStart;
  /** `server.4=…`: what lets it into the ensemble. */
  readonly line: string;
}

export class LocalGrowth {
  readonly #folder: EnsembleFolder;
  readonly #asked: Partial<Settings>;

  /** @param parts asked: what was asked for at the start of the others, and holds for those who come */
  constructor(parts: { readonly folder: EnsembleFolder; readonly asked: Partial<Settings> }) {
    this.#folder = parts.folder;
    this.#asked = parts.asked;
  }

  /** @param options lastPort: the highest that clients of the others connect to */
  async makeJoiner(options: {
    readonly role: Role;
    readonly lastPort: number;
  }): Promise<Result<Joiner, string>> {
    const host = this.#asked.clientPortAddress ?? LOCAL_HOST;
    const [port] = await freeClientPorts([options.lastPort + 1], host);
    try {
      const made = await this.#folder.makeMember({
        role: options.role,
        client: { host, port: port! },
      });
      if (!made.ok) return made;
      const { id, file, settings, line } = made.value;
      const start = {
        settings: { ...settings, ...this.#asked, clientPort: port! },
        configFile: file,
        clientPort: null,
      };
      return ok({ id, start, line });
    } catch (error) {
      return err(whyNot(error));
    }
  }

  /** @returns where its data is from now on, or null where it is deleted */
  clear(
    id: number,
    { isDataKept }: { readonly isDataKept: boolean },
  ): Result<string | null, string> {
    try {
      if (isDataKept) return ok(this.#folder.putAside(id));
      this.#folder.delete(id);
      return ok(null);
    } catch (error) {
      return err(whyNot(error));
    }
  }
}

function whyNot(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
