import { startServer } from '#test/support/server.ts';
import { tellMainStory } from './main-story.ts';

tellMainStory({
  async start() {
    const server = await startServer();
    return { server, videosDir: server.videosDir, close: () => server.close() };
  },
});
