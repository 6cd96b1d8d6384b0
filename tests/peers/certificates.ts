/** Keys and certificates for members of a test, made by openssl and keytool as operators make them. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const PASSWORD = 'of the test';

export interface CertificateOptions {
  readonly name: string;
  /** As openssl writes them: `IP:127.0.0.1`, `DNS:localhost`. */
  readonly hosts?: string;
  readonly isExpired?: boolean;
}

/** The files of one member: its key with its certificate, in every form there is. */
export interface MemberFiles {
  readonly pem: string;
  readonly pkcs12: string;
  readonly jks: string;
}

/** An authority in a folder. */
export class Authority {
  readonly #folder: string;
  readonly #name: string;
  /** Its certificate. */
  readonly pem: string;

  constructor(folder: string, name = 'authority') {
    this.#folder = folder;
    this.#name = name;
    this.pem = this.#path(`${name}.pem`);
    run('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=${name}`],
      ...['-keyout', this.#path(`${name}.key`), '-out', this.pem],
    ]);
  }

  /** A trust store with its certificate. */
  trustStore(kind: 'pkcs12' | 'jks'): string {
    const file = this.#path(`${this.#name}-trust.${kind}`);
    run('keytool', [
      ...['-importcert', '-noprompt', '-alias', this.#name, '-file', this.pem],
      ...['-keystore', file, '-storetype', kind, '-storepass', PASSWORD],
    ]);
    return file;
  }

  issue({ name, hosts = 'IP:127.0.0.1', isExpired = false }: CertificateOptions): MemberFiles {
    const key = this.#path(`${name}.key`);
    const request = this.#path(`${name}.csr`);
    const certificate = this.#path(`${name}.crt`);
    const extensions = this.#path(`${name}.cnf`);
    fs.writeFileSync(extensions, `subjectAltName=${hosts}\n`);
    run('openssl', [
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`],
      ...['-keyout', key, '-out', request],
    ]);
    run('openssl', [
      ...['x509', '-req', '-in', request, '-CA', this.pem, '-CAcreateserial'],
      ...['-CAkey', this.#path(`${this.#name}.key`), '-extfile', extensions, '-out', certificate],
      ...['-days', isExpired ? '-1' : '30'],
    ]);
    const pem = this.#path(`${name}-all.pem`);
    fs.writeFileSync(pem, fs.readFileSync(key, 'latin1') + fs.readFileSync(certificate, 'latin1'));
    const pkcs12 = this.#path(`${name}.p12`);
    run('openssl', [
      ...['pkcs12', '-export', '-inkey', key, '-in', certificate, '-certfile', this.pem],
      ...['-name', name, '-passout', `pass:${PASSWORD}`, '-out', pkcs12],
    ]);
    const jks = this.#path(`${name}.jks`);
    run('keytool', [
      ...['-importkeystore', '-noprompt', '-srckeystore', pkcs12, '-srcstorepass', PASSWORD],
      ...['-destkeystore', jks, '-deststoretype', 'jks', '-deststorepass', PASSWORD],
    ]);
    return { pem, pkcs12, jks };
  }

  #path(name: string): string {
    return path.join(this.#folder, name);
  }
}

function run(program: string, parameters: readonly string[]): void {
  execFileSync(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
}
