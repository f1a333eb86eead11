namespace Lunaria.WebUi.Tests.Api;

/// <summary>Says of a test that it makes the appliance tell the event of that code, and fails where it does not.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class FiresEventAttribute(string code) : Attribute
{
    public string Code => code;
}
