using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RelatedOrigins : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "passkey_enroll_url",
                table: "relying_parties",
                type: "TEXT",
                maxLength: 2048,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "passkey_manage_url",
                table: "relying_parties",
                type: "TEXT",
                maxLength: 2048,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "related_origins",
                table: "relying_parties",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "passkey_enroll_url",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "passkey_manage_url",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "related_origins",
                table: "relying_parties");
        }
    }
}
