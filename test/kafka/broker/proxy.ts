/** A TCP proxy between a client and a broker: it can be cut, be silent, be slow, and damage what it carries. */
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  /** Ends all connections and takes no new one. */
  cut(): void;
  mend(): void;
  /** Bytes go nowhere, in connections that stay open. */
  silence(isSilent: boolean): void;
  /** Each piece of an answer comes so much later. */
  delay(ms: number): void;
  /** A byte in the middle of the next long piece of an answer is another one. */
  damage(): void;
  /** How many pieces were damaged. */
  damaged(): number;
  close(): Promise<void>;
}

/** So long is only an answer with records. */
const LONG_BYTES = 8000;

export async function proxy(port: number, toPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isSilent = false;
  let delayMs = 0;
  let toDamage = 0;
  let damaged = 0;
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const broker = connect(toPort, '127.0.0.1');
    for (const [from, to] of [[client, broker] as const, [broker, client] as const]) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (isSilent) return;
        if (from === broker && damaged < toDamage && bytes.length > LONG_BYTES) {
          damaged += 1;
          const middle = bytes.length >> 1;
          bytes[middle] = bytes[middle]! ^ 0x01;
        }
        if (delayMs === 0 || from === client) to.write(bytes);
        else setTimeout(() => to.destroyed || to.write(bytes), delayMs);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    cut() {
      isCut = true;
      endAll();
    },
    mend() {
      isCut = false;
    },
    silence(is) {
      isSilent = is;
      if (!is) endAll();
    },
    delay(ms) {
      delayMs = ms;
    },
    damage() {
      toDamage = damaged + 1;
    },
    damaged: () => damaged,
    async close() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
