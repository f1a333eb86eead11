using Lunaria.Backends.Tests.Contract;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.S3;

[TestClass]
public sealed class RealStoreContract : ObjectStoreContract
{
    protected override bool HasEndOfSpace => false;

    protected override async ValueTask<IObjectStore> CreateAsync() => await RealStore.OpenAsync(await RealStore.NewPoolAsync());
}
