import type { BrowserFamily, MediaProblem } from './problems.ts';

/** What to tell the person: what is wrong, and the steps that mend it. */
export interface ProblemWords {
  title: string;
  text: string;
  steps: string[];
}

const NAMES = { camera: 'camera', microphone: 'microphone', both: 'camera or microphone' } as const;

/** How to give back the permission, in the words that the browser itself uses. */
function permissionSteps(family: BrowserFamily): string[] {
  switch (family) {
    case 'safari-ios':
      return [
        'Tap the icon at the left of the address bar, then the three dots or "Website Settings".',
        'Set camera and microphone to "Allow".',
        'Come back here and try again.',
      ];
    case 'other-ios':
      return [
        "Open the phone's Settings and look for this browser in the list of apps.",
        'Switch camera and microphone on.',
        'Come back here and try again.',
      ];
    case 'chrome-android':
      return [
        'Tap the icon at the left of the address bar, then "Permissions".',
        'Allow camera and microphone.',
        'Come back here and try again.',
      ];
    case 'firefox':
      return [
        'Click the crossed-out camera or microphone in the address bar.',
        'Remove "Blocked" for both.',
        'Try again, and choose "Allow" when asked.',
      ];
    case 'safari':
      return [
        'Open the menu Safari, then "Settings for This Website".',
        'Set camera and microphone to "Allow".',
        'Come back here and try again.',
      ];
    case 'chrome':
    case 'edge':
      return [
        'Click the icon at the left of the address bar.',
        'Switch camera and microphone on.',
        'Come back here and try again.',
      ];
    case 'in-app':
      return ANOTHER_BROWSER;
    case 'other':
      return ['Open the settings of this website in your browser.', 'Allow camera and microphone.', 'Try again.'];
  }
}

const ANOTHER_BROWSER = [
  'Copy the address of this page.',
  'Open it in Safari or Chrome, outside of this app.',
  'You come back to this very place.',
];

/** Plain words for a problem, with a way out that fits the browser. */
export function problemWords(problem: MediaProblem, family: BrowserFamily): ProblemWords {
  const device = NAMES[problem.device];
  switch (problem.kind) {
    case 'denied':
      return {
        title: 'Camera and microphone are not allowed',
        text: 'The browser keeps them from this page. Perhaps "Block" was chosen once; it can be changed.',
        steps: permissionSteps(family),
      };
    case 'denied-by-system':
      return {
        title: 'Your device keeps the camera or microphone back',
        text: 'The browser itself has no permission for them.',
        steps: [
          "Open the device's settings and look for Privacy, then Camera and Microphone.",
          'Allow both for this browser.',
          'Restart the browser and open the link again. Your place is kept.',
        ],
      };
    case 'missing':
      return {
        title: `No ${device} was found`,
        text: 'The interview needs a picture and sound of you.',
        steps: [
          `Connect a ${problem.device === 'both' ? 'camera and a microphone' : device}, and check that it is switched on.`,
          'Try again.',
          'Or open the link on a phone: sign in with the same address there.',
        ],
      };
    case 'busy':
      return {
        title: `The ${device} is in use`,
        text: 'Another program or another tab is using it, or it could not be started.',
        steps: [
          'Close video calls, camera apps and other tabs.',
          'Try again.',
          'If that does not help, restart the device and open the link again. Your place is kept.',
        ],
      };
    case 'insecure':
      return {
        title: 'This connection is not secure',
        text: 'Browsers give camera and microphone only to pages with https in their address.',
        steps: ['Open the link exactly as you received it.', 'If it stays so, tell the people who invited you.'],
      };
    case 'unsupported':
      return {
        title: 'This browser cannot record',
        text:
          family === 'in-app'
            ? 'You are reading this inside another app, which has no camera for web pages.'
            : 'It is too old or has no camera for web pages.',
        steps: family === 'in-app' ? ANOTHER_BROWSER : ['Open the link in a current Chrome, Safari, Firefox or Edge.'],
      };
    case 'unknown':
      return {
        title: 'Camera and microphone could not be started',
        text: 'The browser did not say why.',
        steps: ['Try again.', 'Then close other tabs and restart the browser. Your place is kept.'],
      };
  }
}
