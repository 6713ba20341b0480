/* The English words of signing in by mail, on both pages. */
export const enSignIn = {
  signInTitle: 'Sign in',
  signInWhy: 'Enter your email address and we’ll send you a code.',
  email: 'Email',
  needEmail: 'Please enter an email address, such as ana@example.org.',
  sendCode: 'Send me a code',
  codeSent: 'If {email} can sign in here, a code is on its way. It’s valid for 10 minutes.',
  code: 'Code from the email',
  signInNow: 'Sign in',
  signedIn: 'You’re signed in.',
  wrongCode: 'That isn’t the code. Please check it and try again.',
  codeOver: 'This code has expired. Please ask for a new one.',
  otherEmail: 'Use another address',
  linkElsewhere:
    'The link in the email only works in the browser that asked for it. Please ask for a code here.',
};
