/** A TCP proxy between a client and a broker: it can be cut, be silent, and be slow. */
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  /** Ends all connections and takes no new one. */
  cut(): void;
  mend(): void;
  /** Bytes go nowhere, in connections that stay open. */
  silence(isSilent: boolean): void;
  /** Each piece of an answer comes so much later. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function proxy(port: number, toPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isSilent = false;
  let delayMs = 0;
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
    async close() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
