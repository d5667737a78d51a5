import net from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { checkPortFree, listenError } from '../../src/plant/port.js';

function listen(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      onTestFinished(() => void server.close());
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
}

it('says in one sentence that a port is in use', async () => {
  const port = await listen();
  await expect(checkPortFree('127.0.0.1', port)).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: `port ${port} is in use by another program: stop it or choose another with --port`,
  });
});

it('leaves a free port free', async () => {
  await checkPortFree('127.0.0.1', 0);
  const port = await listen();
  await expect(checkPortFree('127.0.0.2', port)).resolves.toBeUndefined();
});

it('says that a host is not of this machine', async () => {
  await expect(checkPortFree('192.0.2.1', 4000)).rejects.toThrow(
    '192.0.2.1 is no address of this machine: correct AUGURY_HOST',
  );
});

it('knows the port of the privileged', () => {
  const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  expect(listenError(error, '127.0.0.1', 80).message).toBe(
    'port 80 may not be used by this user: choose one above 1023 with --port',
  );
});
