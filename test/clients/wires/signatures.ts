// What each scripted provider signs with. Nobody but itself may change, or understand, a letter of it.
export const signatures = {
  messages: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+Yo2kNqWyBcX8xLmHYRQm9KhVtZ+/c6Pz8=',
  gemini: 'CiQBVKhc7uJpc3MgdGhlIG9wYXF1ZSBzdGF0ZSBvZiBhIHRob3VnaHQKXgFUqFzu+3p5eA==',
  responses:
    'gAAAAABoISQ24OyVRYbkYfukdJoqdzWT-3uiErKInHDC-lgAaXeky44N77j7aibc2elHISjAvX7OmUwMU1r7NgaiHSVWL6BtWgXVBp4BMFkWZpXpZY7ff5pd==',
  converse: 'EpwBCkgIBRABGAIqQKPZ6rXPbh8vYJmN1p6XxE2uV0JkRzY7Ww0FjYhQ9s3Tq4uM+L8KcGxBnAeHdI5oPr1ZtS2=',
} as const
