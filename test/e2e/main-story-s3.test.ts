import { s3Settings, startS3Server } from '#test/fixtures/s3-server.ts';
import { startServer } from '#test/support/server.ts';
import { tellMainStory } from './main-story.ts';

tellMainStory({
  async start() {
    const s3 = await startS3Server();
    const server = await startServer({ env: s3Settings(s3) });
    return {
      server,
      videosDir: s3.folder,
      async close() {
        await server.close();
        await s3.close();
      },
    };
  },
});
